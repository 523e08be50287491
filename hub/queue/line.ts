/** A place in a line. */
export interface Place<T> {
  readonly item: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/** A line that can be joined at both ends and left from anywhere, in constant time. */
export class Line<T> {
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  first(): T | undefined {
    return this.#first?.item;
  }

  /** Looks at all, from the first on, until one is so. */
  has(is: (item: T) => boolean): boolean {
    for (let place = this.#first; place !== undefined; place = place.after) if (is(place.item)) return true;
    return false;
  }

  push(item: T): Place<T> {
    const place: Place<T> = { item, before: this.#last, after: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
    this.#length++;
    return place;
  }

  unshift(item: T): Place<T> {
    const place: Place<T> = { item, before: undefined, after: this.#first };
    if (this.#first === undefined) this.#last = place;
    else this.#first.before = place;
    this.#first = place;
    this.#length++;
    return place;
  }

  shift(): T | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first?.item;
  }

  /** @param place One of this line that has not been removed. */
  remove({ before, after }: Place<T>): void {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    this.#length--;
  }
}
