/** Time that goes on when there is nothing left to do at a moment. */
import { setImmediate as settled } from 'node:timers/promises';

interface Event {
  readonly atMs: number;
  readonly act: () => void;
}

/** A process that may be stopped, and killed. */
interface Mortal {
  /** Counts starts: what was under way before is of no more interest. */
  readonly life: number;
  /** Stands still until then. */
  readonly stoppedUntilMs: number;
}

export class VirtualTime {
  #nowMs = 0;
  readonly #events: Event[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  later(delayMs: number, act: () => void): void {
    const event = { atMs: this.#nowMs + delayMs, act };
    const { length } = this.#events;
    let at = length;
    // The next is last. Of those at the same moment, the one that was asked for first comes first.
    while (at > 0 && (this.#events[at - 1]?.atMs ?? 0) <= event.atMs) at--;
    this.#events.splice(at, 0, event);
  }

  /** Something that happens to a process: not in a later life of it, and not while it is stopped. */
  happensTo(process: Mortal, delayMs: number, act: () => void): void {
    const { life } = process;
    const attempt = (): void => {
      if (process.life !== life) return;
      if (process.stoppedUntilMs > this.#nowMs) this.later(process.stoppedUntilMs - this.#nowMs, attempt);
      else act();
    };
    this.later(delayMs, attempt);
  }

  /** Has the next thing happen. @returns whether there was one. */
  step(): boolean {
    const event = this.#events.pop();
    if (event === undefined) return false;
    this.#nowMs = event.atMs;
    event.act();
    return true;
  }

  /** Has the next thing happen, and all that follows from it without waiting. @returns whether there was one. */
  async next(): Promise<boolean> {
    const isThere = this.step();
    if (isThere) await settled();
    return isThere;
  }
}
