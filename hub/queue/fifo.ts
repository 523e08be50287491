/** A first-in-first-out queue: constant time on average, no more memory than twice what it holds. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** What `shift` would answer with. */
  first(): T | undefined {
    return this.#items[this.#head];
  }

  /** The first item that answers to this. @throws Error when there is none. */
  find(test: (item: T) => boolean): T {
    for (let i = this.#head; i < this.#items.length; i++) {
      const item = this.#items[i];
      if (item !== undefined && test(item)) return item;
    }
    throw new Error('Cannot find an item in the queue as none fits');
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    // What was taken is let go of at once; its place, when half of them are empty.
    this.#items[this.#head] = undefined;
    this.#head++;
    if (this.#head * 2 >= this.#items.length && this.#head >= 32) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    }
    return item;
  }
}
