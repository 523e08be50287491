/**
 * How instances become fresh for the next event: one is kept and put back, or
 * each is made for one event only.
 *
 * Putting back is the cheaper one up to some 500 MiB of empty memory: a new one
 * is made in a moment, but its memory must be given to it page by page and
 * taken away again, and some event pays for collecting it. So what counts is
 * the mean over many events, and the other way is tried for a while, rarely,
 * and only where it could pay. What is learnt is kept per component and thread,
 * and changes only time: an event finds the same either way.
 */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Bytes } from '../task.js';

/** How much the latest measurement counts. */
const RECENT = 1 / 8;

/** A way is left only for one that takes half as long, so that noise does not change it to and fro. */
const WORTH_CHANGING = 2;

/** Events for which the other way is tried, the first half of them not measured: memory that is touched first costs more. */
const TRIAL_EVENTS = 32;

/** Events before the first trial, and how much longer it takes to the next each time that it did not pay. */
const FIRST_TRIAL = 64;
const RARER = 4;

/** Instances in a row that could not be put back before they are no longer prepared for it; one in so many still is. */
const FAILURES = 3;
const RETRY_PERIOD = 64;

type Way = 'put-back' | 'make-anew';

export class Renewal {
  #way: Way = 'put-back';
  /** The other way is in use, for a while. */
  #trying = false;
  /** Events since it was begun or ended. */
  #events = 0;
  #untilTrial = FIRST_TRIAL;
  readonly #meanMs = new Map<Way, number>();
  #makeMs = 0;
  #leastMakeMs = Number.POSITIVE_INFINITY;
  #failures = 0;
  #untilRetry = RETRY_PERIOD;

  /** Whether what putting back takes is worth a look at the clock: below, it cannot come near what making one takes. */
  static isWorthMeasuring(memoryBytes: Bytes): boolean {
    return memoryBytes >= RUNTIME_BOUNDS.measuredResetBytes;
  }

  /** What making an instance took the last time, in milliseconds; 0 before one was made. */
  get makeMs(): number {
    return this.#makeMs;
  }

  /** Whether an instance that was put back is kept for the next event. */
  get keeps(): boolean {
    return this.#inUse === 'put-back' && this.#failures < FAILURES;
  }

  /** Whether the instance that is made next is to be put back after its event. Asked once for each. */
  get keepsNext(): boolean {
    if (this.keeps) return true;
    if (this.#failures < FAILURES || this.#untilRetry-- > 0) return false;
    this.#untilRetry = RETRY_PERIOD;
    return true;
  }

  /** An instance was made. */
  made(ms: number): void {
    this.#makeMs = ms;
    this.#leastMakeMs = Math.min(this.#leastMakeMs, ms);
  }

  /** An instance was put back. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** An instance could not be put back. */
  failed(): void {
    this.#failures++;
  }

  /** What making fresh took for one event, whichever way: only where that is worth measuring. */
  spent(ms: number): void {
    this.#events++;
    if (!this.#trying || this.#events > TRIAL_EVENTS / 2) this.#measure(ms);
    if (this.#trying) {
      if (this.#events === TRIAL_EVENTS) this.#endTrial();
    } else if (this.#events >= this.#untilTrial && this.#couldPay()) this.#begin(true);
  }

  get #inUse(): Way {
    return this.#trying ? other(this.#way) : this.#way;
  }

  #mean(way: Way): number {
    return this.#meanMs.get(way) ?? Number.POSITIVE_INFINITY;
  }

  #measure(ms: number): void {
    const before = this.#meanMs.get(this.#inUse) ?? ms;
    this.#meanMs.set(this.#inUse, before + (ms - before) * RECENT);
  }

  /** Making one never takes less than the least that it took. */
  #couldPay(): boolean {
    return this.#way === 'make-anew' || this.#mean('put-back') > this.#leastMakeMs * WORTH_CHANGING;
  }

  #endTrial(): void {
    const pays = this.#mean(other(this.#way)) * WORTH_CHANGING < this.#mean(this.#way);
    if (pays) this.#way = other(this.#way);
    this.#untilTrial = pays ? FIRST_TRIAL : this.#untilTrial * RARER;
    this.#begin(false);
  }

  #begin(trying: boolean): void {
    this.#trying = trying;
    this.#events = 0;
    if (trying) this.#meanMs.delete(this.#inUse);
  }
}

function other(way: Way): Way {
  return way === 'put-back' ? 'make-anew' : 'put-back';
}
