/** What is said of a run's end where all of it is larger than a message may be. */
import type { RunResult } from '../../runtime/index.js';

/** The result itself, and then what may be said in its place: what it read is left out before the outcome is. */
export function smallerResults<Result extends Omit<RunResult, 'runId'>>(result: Result): readonly Result[] {
  const unrecorded = 'what it read is larger than a message may be';
  const reads = result.reads.map(({ bucket, key, version }) => ({ bucket, key, version }));
  const withoutRecord = { ...result, reads, pages: undefined, unrecorded };
  const message = 'what it answers is larger than a message may be';
  const lost = { effects: [], reads: [], listed: undefined, log: [], outcome: { kind: 'failed', message } } as const;
  return [result, withoutRecord, { ...withoutRecord, ...lost }];
}
