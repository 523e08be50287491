import type { Observer } from '../observations.js';
import { linesReport } from '../report/index.js';
import { jsonReport } from './json-report.js';
import type { ReportFormat } from './report-format.js';

/** Shows what happens in the hub, on stdout. */
export interface Report {
  readonly observe: Observer;
  /** Called last: the place for a summary. */
  finish(): void;
}

export function createReport(format: ReportFormat, out: NodeJS.WriteStream): Report {
  // Who reads may go, as `head` does. That is no reason for a hub to end.
  out.on('error', () => undefined);
  if (format === 'quiet') return { observe: () => undefined, finish: () => undefined };
  return format === 'json' ? jsonReport(out) : linesReport(out);
}
