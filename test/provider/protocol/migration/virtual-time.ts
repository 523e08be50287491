/** Time that goes on when there is nothing left to do at a moment. */
import { setImmediate as settled } from 'node:timers/promises';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

export class VirtualTime {
  #nowMs = 0;
  #order = 0;
  readonly #events: Event[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  later(delayMs: number, act: () => void): void {
    const event = { atMs: this.#nowMs + delayMs, order: this.#order++, act };
    const { length } = this.#events;
    let at = length;
    // The next is last. Of those at the same moment, the one that was asked for first comes first.
    while (at > 0 && (this.#events[at - 1]?.atMs ?? 0) <= event.atMs) at--;
    this.#events.splice(at, 0, event);
  }

  /** Has the next thing happen, and all that follows from it without waiting. @returns whether there was one. */
  async next(): Promise<boolean> {
    const event = this.#events.pop();
    if (event === undefined) return false;
    this.#nowMs = event.atMs;
    event.act();
    await settled();
    return true;
  }
}
