interface OneByOneParts<Happening> {
  readonly deal: (happening: Happening) => Promise<void>;
  /** What there is to do when nothing has happened; undefined for nothing. */
  readonly otherwise: () => Happening | undefined;
  /** Something threw: it has stopped. */
  readonly failed: (error: unknown) => void;
}

/**
 * Deals with what happens, one after the other and in order: the next only when the one before is done with.
 *
 * Nothing is dealt with inside the call that tells of it, so that what is told of together comes before what is done
 * otherwise.
 */
export class OneByOne<Happening> {
  readonly #parts: OneByOneParts<Happening>;
  readonly #queue: Happening[] = [];
  #working: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: OneByOneParts<Happening>) {
    this.#parts = parts;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  add(happening: Happening): void {
    if (this.#isStopped) return;
    this.#queue.push(happening);
    this.wake();
  }

  /** There may be something to do. */
  wake(): void {
    if (!this.#isStopped) this.#working ??= this.#work();
  }

  /** Begins nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    const { deal, failed } = this.#parts;
    await Promise.resolve();
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) await deal(next);
    } catch (error) {
      if (!this.#isStopped) failed(error);
    } finally {
      this.#working = undefined;
    }
  }

  #next(): Happening | undefined {
    if (this.#isStopped) return undefined;
    return this.#queue.shift() ?? this.#parts.otherwise();
  }
}
