/** Values laid end to end in one blob: a row for each would cost more than what is in it. */

const FIRST_BYTES = 4_096;

/** What a packer that is used again holds on to. */
const MOST_KEPT_BYTES = 256 * 1024;

/** The largest number that `whole` takes. */
export const MOST_WHOLE = 0xffff_ffff;

/** Lays values down. Numbers are little-endian. */
export class Packer {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  /** A whole number of at most `MOST_WHOLE`. @throws RangeError */
  whole(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  /** Any number; whole ones are exact below 2^53. */
  number(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  text(value: string): void {
    // Three bytes at most for each UTF-16 unit: reserving them saves a pass over the text.
    this.#reserve(4 + value.length * 3);
    const length = this.#bytes.write(value, this.#at + 4, 'utf8');
    this.#bytes.writeUInt32LE(length, this.#at);
    this.#at += 4 + length;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(4 + value.length);
    this.#bytes.writeUInt32LE(value.length, this.#at);
    this.#bytes.set(value, this.#at + 4);
    this.#at += 4 + value.length;
  }

  get length(): number {
    return this.#at;
  }

  /** Begins anew, in the same memory unless that has become large: what `packed` answered before is overwritten. */
  clear(): void {
    this.#at = 0;
    if (this.#bytes.length > MOST_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(FIRST_BYTES);
  }

  /** What was laid down; nothing may be added afterwards. */
  packed(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** Takes up what a `Packer` laid down, in the same order. @throws RangeError beyond the end. */
export class Unpacker {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(packed: Uint8Array) {
    this.#bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  whole(): number {
    const value = this.#bytes.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  number(): number {
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  text(): string {
    const length = this.#length();
    const value = this.#bytes.toString('utf8', this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  /** Memory of its own: keeping it does not keep the row. */
  bytes(): Uint8Array {
    const length = this.#length();
    const value = new Uint8Array(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return value;
  }

  #length(): number {
    const length = this.whole();
    if (this.#at + length > this.#bytes.length) {
      throw new RangeError(
        `Cannot unpack as ${length} bytes are said to follow and ${this.#bytes.length - this.#at} do`,
      );
    }
    return length;
  }
}
