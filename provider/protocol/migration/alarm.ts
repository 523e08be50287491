/** Calls at a later moment of monotonic time, and does not when what it returns is called. */
export interface Timer {
  nowMs(): number;
  after(ms: number, then: () => void): () => void;
}

/** One thing that is waited for: a later one takes the place of an earlier one, and what is cancelled is not heard of. */
export class Alarm {
  readonly #timer: Timer;
  #cancel: (() => void) | undefined;
  /** Counts what was set or cancelled. */
  #count = 0;

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  get isSet(): boolean {
    return this.#cancel !== undefined;
  }

  /** @param then is also given what says whether this has not been cancelled since, for who comes to it later. */
  set(ms: number, then: (isWanted: () => boolean) => void): void {
    this.cancel();
    const count = this.#count;
    this.#cancel = this.#timer.after(ms, () => {
      this.#cancel = undefined;
      then(() => this.#count === count);
    });
  }

  cancel(): void {
    this.#count++;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
