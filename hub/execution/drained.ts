/** Lets someone wait until nothing is left to do. */
export class Drained {
  readonly #left: () => number;
  #resolve: (() => void) | undefined;

  /** @param left How much there is to do. */
  constructor(left: () => number) {
    this.#left = left;
  }

  /** Resolves at the first `check` from now on that finds nothing left. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.check();
    });
  }

  /** To be called whenever something was done. */
  check(): void {
    if (this.#resolve !== undefined && this.#left() === 0) this.#resolve();
  }
}
