import { Fifo } from './fifo.js';

/**
 * Lets one item per key through at a time, in the order of arrival.
 *
 * A key is held by the item that was let through last, from `enter` or `leave`
 * until the `leave` after it. Keys that nobody holds take no memory.
 */
export class KeyOrder<T> {
  /** For each held key what waits for it; undefined when nothing does, which is the usual case. */
  readonly #held = new Map<string, Fifo<T> | undefined>();

  /** Whether the item may go on now; if not, a later `leave` answers with it. */
  enter(key: string, item: T): boolean {
    if (!this.#held.has(key)) {
      this.#held.set(key, undefined);
      return true;
    }
    const waiting = this.#held.get(key);
    if (waiting !== undefined) {
      waiting.push(item);
      return false;
    }
    const first = new Fifo<T>();
    first.push(item);
    this.#held.set(key, first);
    return false;
  }

  /** Whether an item holds the key, and others of it would have to wait. */
  isHeld(key: string): boolean {
    return this.#held.has(key);
  }

  /** Takes out the item that has waited longest for a key, if one does. */
  drop(key: string): T | undefined {
    return this.#held.get(key)?.shift();
  }

  /** Gives the key up; the answer, if any, holds it from now on and may go on. */
  leave(key: string): T | undefined {
    const next = this.#held.get(key)?.shift();
    if (next === undefined) this.#held.delete(key);
    return next;
  }
}
