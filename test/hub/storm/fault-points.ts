/** The moments of a hub's work at which its process may stop. */
export class FaultPoints {
  readonly #stopAt: number;
  readonly #stop: () => void;
  readonly #only: string | undefined;
  #passed = 0;
  /** Those that it may stop at. */
  #counted = 0;
  #stoppedAt: string | undefined;

  /**
   * @param stop Called once, from within the moment with that number.
   * @param only Numbers the moments of this name, and no others.
   */
  constructor(stopAt: number, stop: () => void, only?: string) {
    this.#stopAt = stopAt;
    this.#stop = stop;
    this.#only = only;
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
    this.#passed++;
    if (this.#only !== undefined && point !== this.#only) return;
    if (this.#counted++ !== this.#stopAt) return;
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
