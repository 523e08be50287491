import type { Bytes } from '../task.js';

const NEWLINE = 0x0a;
/** Most lines are shorter. */
const FIRST_ROOM = 128;

/** What a guest writes to a standard stream, as lines of the log. What is not UTF-8 is mended with U+FFFD. */
export class LineLog {
  readonly #add: (line: string) => void;
  readonly #most: Bytes;
  #line = Buffer.alloc(0);
  #size: Bytes = 0;
  #isCut = false;

  /** @param most bytes of a line to keep; the rest of it is left out. */
  constructor(add: (line: string) => void, most: Bytes) {
    this.#add = add;
    this.#most = most;
  }

  /** @returns how many lines it ended. */
  write(bytes: Uint8Array): number {
    let lines = 0;
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      this.#append(bytes.subarray(from, at));
      this.#finish();
      lines++;
      from = at + 1;
    }
    this.#append(bytes.subarray(from));
    return lines;
  }

  /** What follows the last newline: a copy. */
  get unfinished(): { readonly bytes: Uint8Array; readonly isCut: boolean } {
    return { bytes: new Uint8Array(this.#line.subarray(0, this.#size)), isCut: this.#isCut };
  }

  /** Begins with the part of a line. */
  continueFrom({ bytes, isCut }: { readonly bytes: Uint8Array; readonly isCut: boolean }): void {
    this.#append(bytes);
    this.#isCut = isCut;
  }

  /** Takes what follows the last newline for a line. */
  end(): void {
    if (this.#size > 0 || this.#isCut) this.#finish();
  }

  #append(part: Uint8Array): void {
    const kept = part.subarray(0, this.#most - this.#size);
    if (kept.length < part.length) this.#isCut = true;
    const size = this.#size + kept.length;
    if (size > this.#line.length) {
      const roomier = Buffer.alloc(Math.min(this.#most, Math.max(FIRST_ROOM, size * 2)));
      roomier.set(this.#line.subarray(0, this.#size));
      this.#line = roomier;
    }
    this.#line.set(kept, this.#size);
    this.#size = size;
  }

  #finish(): void {
    const text = this.#line.toString('utf8', 0, this.#size);
    const line = this.#isCut ? `${text}…` : text;
    this.#size = 0;
    this.#isCut = false;
    this.#add(line);
  }
}
