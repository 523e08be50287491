import { Fifo } from './fifo.js';

interface Place<T> {
  readonly item: T;
  ended: boolean;
  withdrawn: boolean;
}

/**
 * Lets items of one key overlap and end in the order in which they began.
 *
 * What ends before one that began earlier waits for it. Keys with nothing
 * under way take no memory.
 */
export class ReleaseOrder<T> {
  readonly #open = new Map<string, Fifo<Place<T>>>();

  begin(key: string, item: T): void {
    let places = this.#open.get(key);
    if (places === undefined) {
      places = new Fifo();
      this.#open.set(key, places);
    }
    places.push({ item, ended: false, withdrawn: false });
  }

  /** Notes that an item which began has ended. @returns the items that are let go now, in order. */
  end(key: string, item: T): T[] {
    return this.#leave(key, item, false);
  }

  /** An item that began is not to end here: nobody waits for it. @returns the items that are let go now, in order, without it. */
  withdraw(key: string, item: T): T[] {
    return this.#leave(key, item, true);
  }

  #leave(key: string, item: T, withdrawn: boolean): T[] {
    const places = this.#open.get(key);
    if (places === undefined) throw new Error(`Cannot end an item of the key "${key}" as none has begun`);
    const place = places.find((one) => one.item === item);
    place.ended = true;
    place.withdrawn = withdrawn;
    const released: T[] = [];
    for (let first = places.first(); first?.ended === true; first = places.first()) {
      if (!first.withdrawn) released.push(first.item);
      places.shift();
    }
    if (places.length === 0) this.#open.delete(key);
    return released;
  }
}
