/** The moments of a hub's work at which its process may stop. */
export class FaultPoints {
  readonly #stopAt: number;
  readonly #stop: () => void;
  #passed = 0;
  #stoppedAt: string | undefined;

  /** @param stop Called once, from within the moment with that number. */
  constructor(stopAt: number, stop: () => void) {
    this.#stopAt = stopAt;
    this.#stop = stop;
  }

  /** How many moments there were. */
  get passed(): number {
    return this.#passed;
  }

  /** Where it stopped; undefined while it goes on. */
  get stoppedAt(): string | undefined {
    return this.#stoppedAt;
  }

  pass(point: string): void {
    if (this.#passed++ !== this.#stopAt) return;
    this.#stoppedAt = point;
    this.#stop();
  }

  /** A step that may be stopped before it and after it. */
  around<Result>(step: string, work: () => Result): Result {
    this.pass(`before ${step}`);
    const result = work();
    this.pass(`after ${step}`);
    return result;
  }
}
