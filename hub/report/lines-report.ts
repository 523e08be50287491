/** Shows a person what happens in the hub, line by line, and at the end a summary. */
import type { Observation, Observer } from '../observations.js';
import { lineOf, weightOf } from './line.js';
import { Pace, type Weight } from './pace.js';
import { paintFor, type Paint } from './paint.js';
import { summaryLines } from './summary.js';
import { Tally } from './tally.js';

export interface LinesOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface LinesOptions {
  /** Milliseconds, monotonic. */
  readonly nowMs?: () => number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** More scroll by unread. */
const RATES = { ordinary: 4, notable: 8 } as const;

/** Prints at most a dozen lines a second and says how many it left out. */
export function linesReport(
  out: LinesOutput,
  options: LinesOptions = {},
): { readonly observe: Observer; finish(): void } {
  const nowMs = options.nowMs ?? (() => performance.now());
  const paint = paintFor(out.isTTY === true, options.environment ?? process.env);
  const tally = new Tally();
  const pace = new Pace(RATES);
  const print = (text: string): void => void out.write(`${text}\n`);
  return {
    observe: (seen: Observation) => {
      tally.note(seen);
      const leftOut = pace.turn(nowMs());
      if (leftOut !== undefined) print(leftOutText(leftOut, paint));
      const weight = weightOf(seen);
      // Asked before the text is made: at full rate, most lines are left out.
      if (weight === 'none' || (weight !== 'always' && !pace.admit(weight))) return;
      print(lineOf(seen, paint));
    },
    finish: () => {
      const leftOut = pace.flush();
      if (leftOut !== undefined) print(leftOutText(leftOut, paint));
      for (const line of summaryLines(tally, paint)) print(line);
    },
  };
}

function leftOutText({ ordinary, notable }: Readonly<Record<Weight, number>>, paint: Paint): string {
  const count = ordinary + notable;
  const without = notable === 0 ? ', all completed without publishing' : '';
  return paint.quiet(`  ... ${count} more ${count === 1 ? 'line' : 'lines'} left out${without}`);
}
