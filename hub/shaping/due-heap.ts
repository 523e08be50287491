/** Something with a time at which it is due. A heap keeps its place in it. */
export interface Due {
  dueMs: number;
  /** Kept by the heap: of those due at one moment, the one that was set to it first goes first. */
  order: number;
  /** Kept by the heap: -1 when it is not in it. */
  place: number;
}

/** A binary heap: what is due first is at hand, and anything in it can be moved or taken out in logarithmic time. */
export class DueHeap<D extends Due> {
  readonly #items: D[] = [];
  #orders = 0;

  first(): D | undefined {
    return this.#items[0];
  }

  /** Puts it in, or moves it. */
  set(item: D, dueMs: number): void {
    if (item.place === -1 || item.dueMs !== dueMs) item.order = this.#orders++;
    item.dueMs = dueMs;
    if (item.place === -1) {
      item.place = this.#items.length;
      this.#items.push(item);
    }
    this.#settle(item);
  }

  /** Takes it out, if it is in. */
  remove(item: D): void {
    if (item.place === -1) return;
    const last = this.#items.pop();
    if (last !== undefined && last !== item) {
      last.place = item.place;
      this.#items[last.place] = last;
      this.#settle(last);
    }
    item.place = -1;
  }

  #settle(item: D): void {
    for (let up = this.#at((item.place - 1) >> 1); up !== undefined && isBefore(item, up);) {
      this.#swap(item, up);
      up = this.#at((item.place - 1) >> 1);
    }
    for (let down = this.#earlierChild(item); down !== undefined && isBefore(down, item);) {
      this.#swap(item, down);
      down = this.#earlierChild(item);
    }
  }

  #earlierChild({ place }: D): D | undefined {
    const [left, right] = [this.#at(place * 2 + 1), this.#at(place * 2 + 2)];
    return right !== undefined && left !== undefined && isBefore(right, left) ? right : left;
  }

  #at(place: number): D | undefined {
    return place < 0 ? undefined : this.#items[place];
  }

  #swap(a: D, b: D): void {
    [a.place, b.place] = [b.place, a.place];
    this.#items[a.place] = a;
    this.#items[b.place] = b;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
