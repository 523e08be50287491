/**
 * How many lines a second a person is shown, and what was left out. Pure:
 * time is passed in.
 *
 * Two classes share a second, so that a flood of ordinary lines does not
 * hide the one that matters.
 */
export type Weight = 'ordinary' | 'notable';

export interface Rates {
  /** Lines of each class per second. */
  readonly ordinary: number;
  readonly notable: number;
}

const SECOND_MS = 1_000;

export class Pace {
  private secondStartMs = -Infinity;
  private shown: Record<Weight, number> = { ordinary: 0, notable: 0 };
  private leftOut: Record<Weight, number> = { ordinary: 0, notable: 0 };

  constructor(private readonly rates: Rates) {}

  /** Whether a line may be shown; if not, it is counted. */
  admit(weight: Weight): boolean {
    if (this.shown[weight] >= this.rates[weight]) {
      this.leftOut[weight] += 1;
      return false;
    }
    this.shown[weight] += 1;
    return true;
  }

  /** To be called before admitting. @returns what a second that is over left out, once, if it left out anything. */
  turn(nowMs: number): Readonly<Record<Weight, number>> | undefined {
    if (nowMs - this.secondStartMs < SECOND_MS) return undefined;
    this.secondStartMs = nowMs;
    return this.flush();
  }

  /** What was left out and not told yet. */
  flush(): Readonly<Record<Weight, number>> | undefined {
    const { leftOut } = this;
    this.shown = { ordinary: 0, notable: 0 };
    this.leftOut = { ordinary: 0, notable: 0 };
    return leftOut.ordinary + leftOut.notable > 0 ? leftOut : undefined;
  }
}
