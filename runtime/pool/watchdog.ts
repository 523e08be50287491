/**
 * Notices runs that neither end nor look at their fuel: nothing but the end of
 * their thread stops them.
 */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Batch } from './batch.js';

/** How often it looks. */
const PERIOD_MS = 500;

interface Sighting {
  readonly running: number;
  readonly atMs: number;
}

export class Watchdog {
  readonly #batches: () => Iterable<Batch>;
  readonly #overdue: (batch: Batch) => void;
  readonly #timer: NodeJS.Timeout;
  /** The run of each batch that was last seen executing, and since when. */
  readonly #seen = new WeakMap<Batch, Sighting>();

  /** @param overdue Told once of each batch whose run is past its deadline by `watchdogMs`. */
  constructor(batches: () => Iterable<Batch>, overdue: (batch: Batch) => void) {
    this.#batches = batches;
    this.#overdue = overdue;
    this.#timer = setInterval(() => this.#look(), PERIOD_MS).unref();
  }

  /** Whether the process stays for what is watched. */
  set awake(awake: boolean) {
    if (awake) this.#timer.ref();
    else this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    for (const batch of this.#batches()) {
      if (batch.answered) continue;
      const { running } = batch;
      const seen = this.#seen.get(batch);
      if (seen?.running !== running) {
        this.#seen.set(batch, { running, atMs: now });
        continue;
      }
      const ticket = batch.at(running);
      if (ticket === undefined) continue;
      if (now - seen.atMs <= ticket.request.limits.deadlineMs + RUNTIME_BOUNDS.watchdogMs) continue;
      this.#seen.set(batch, { running, atMs: Infinity });
      this.#overdue(batch);
    }
  }
}
