/**
 * How many runs a thread is given in advance: as many as take `aheadMs` by the
 * time that runs took of late, so that what is urgent waits behind that much.
 */
import { RUNTIME_BOUNDS } from '../limits.js';

/** One executes, one is there when it ends. */
const MIN_RUNS_AHEAD = 2;

/** How much the latest run counts in the mean of what runs take. */
const RECENT = 1 / 64;

export class Pace {
  #runMs = RUNTIME_BOUNDS.aheadMs / MIN_RUNS_AHEAD;

  get runsAhead(): number {
    const runs = Math.ceil(RUNTIME_BOUNDS.aheadMs / this.#runMs);
    return Math.min(RUNTIME_BOUNDS.batchRuns, Math.max(MIN_RUNS_AHEAD, runs));
  }

  /** Notes what a run took. */
  note(wallMs: number): void {
    this.#runMs += (Math.min(wallMs, RUNTIME_BOUNDS.longRunMs) - this.#runMs) * RECENT;
  }
}
