/**
 * Which texts came within a window: the memory of dedupe. Bounded: beyond
 * `most`, the one that came first is forgotten early, so that it may pass again.
 */
export class Recent {
  readonly #windowMs: number;
  readonly #most: number;
  /** When each came, oldest first. */
  readonly #atMs = new Map<string, number>();

  constructor(windowMs: number, most: number) {
    this.#windowMs = windowMs;
    this.#most = most;
  }

  /**
   * Whether the text came less than the window ago; if not, it is taken note
   * of. The window is not extended by those that it answers yes to.
   */
  has(text: string, nowMs: number): boolean {
    const atMs = this.#atMs.get(text);
    if (atMs !== undefined && nowMs < atMs + this.#windowMs) return true;
    // Deleted first, so that the order is that of the times.
    this.#atMs.delete(text);
    this.#atMs.set(text, nowMs);
    this.#forget(nowMs);
    return false;
  }

  /** Each text with when it came, oldest first. */
  entries(): Iterable<readonly [text: string, atMs: number]> {
    return this.#atMs;
  }

  /** Takes what was remembered before: what came since is newer. @param entries Oldest first. */
  restore(entries: Iterable<readonly [text: string, atMs: number]>, nowMs: number): void {
    const since = [...this.#atMs];
    this.#atMs.clear();
    for (const [text, atMs] of [...entries, ...since]) {
      this.#atMs.delete(text);
      this.#atMs.set(text, atMs);
    }
    this.#forget(nowMs);
  }

  get size(): number {
    return this.#atMs.size;
  }

  #forget(nowMs: number): void {
    for (const [text, atMs] of this.#atMs) {
      if (this.#atMs.size <= this.#most && nowMs < atMs + this.#windowMs) return;
      this.#atMs.delete(text);
    }
  }
}
