import { PROVIDER_BOUNDS } from './policy.js';

interface Second {
  readonly number: number;
  shown: number;
  leftOut: number;
}

/**
 * Lines for an operator: of each kind a few in a second, and then how many there were besides. So who comes again and again
 * fills no log, and what others do is still seen.
 */
export class PacedLines {
  readonly #write: (line: string) => void;
  /** Milliseconds, monotonic. */
  readonly #nowMs: () => number;
  readonly #seconds = new Map<string, Second>();

  constructor(write: (line: string) => void, nowMs: () => number) {
    this.#write = write;
    this.#nowMs = nowMs;
  }

  /** @param kind One of a few. */
  say(kind: string, line: string): void {
    const number = Math.floor(this.#nowMs() / 1_000);
    let second = this.#seconds.get(kind);
    if (second?.number !== number) {
      if (second !== undefined && second.leftOut > 0) this.#write(`${kind}: ${second.leftOut} more were left out`);
      this.#seconds.set(kind, (second = { number, shown: 0, leftOut: 0 }));
    }
    if (second.shown >= PROVIDER_BOUNDS.linesPerSecond) {
      second.leftOut++;
      return;
    }
    second.shown++;
    this.#write(line);
  }
}
