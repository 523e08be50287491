/**
 * Reading and writing the primitive encodings of the Wasm binary format.
 * https://webassembly.github.io/spec/core/binary/values.html
 */

/** The bytes ended inside a value, or a value has more bytes than its type allows. */
export class MalformedWasm extends Error {
  override readonly name = 'MalformedWasm';
}

const utf8Decoder = new TextDecoder('utf-8', { fatal: true });
const utf8Encoder = new TextEncoder();

/** A cursor over bytes; every read is bounds-checked. */
export class ByteReader {
  constructor(
    readonly bytes: Uint8Array,
    public pos = 0,
    readonly end = bytes.length,
  ) {}

  get done(): boolean {
    return this.pos >= this.end;
  }

  u8(): number {
    if (this.pos >= this.end) throw new MalformedWasm(`the module ends inside a value at byte ${this.pos}`);
    return this.bytes[this.pos++] as number;
  }

  u32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
    throw new MalformedWasm(`a number at byte ${this.pos} has more than five bytes`);
  }

  /** Passes over a LEB128 number of any width up to 64 bits. */
  skipLeb(): void {
    for (let i = 0; i < 10; i++) if (this.u8() < 0x80) return;
    throw new MalformedWasm(`a number at byte ${this.pos} has more than ten bytes`);
  }

  skip(count: number): void {
    if (count > this.end - this.pos) throw new MalformedWasm(`the module ends inside a value at byte ${this.pos}`);
    this.pos += count;
  }

  take(count: number): Uint8Array {
    const start = this.pos;
    this.skip(count);
    return this.bytes.subarray(start, this.pos);
  }

  name(): string {
    const bytes = this.take(this.u32());
    try {
      return utf8Decoder.decode(bytes);
    } catch {
      throw new MalformedWasm(`the name before byte ${this.pos} is not UTF-8`);
    }
  }
}

/** Bytes that grow as they are written. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  u8(byte: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  u32(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }

  /** A signed 32-bit number. */
  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const byte = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) {
        this.u8(byte);
        return;
      }
      this.u8(byte | 0x80);
    }
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Copies `bytes[from..to)`: byte by byte where it is short, which is faster than a view. */
  copy(bytes: Uint8Array, from: number, to: number): void {
    const count = to - from;
    if (count > 48) {
      this.raw(bytes.subarray(from, to));
      return;
    }
    this.#reserve(count);
    for (let i = from; i < to; i++) this.#bytes[this.#length++] = bytes[i] as number;
  }

  name(text: string): void {
    const bytes = utf8Encoder.encode(text);
    this.u32(bytes.length);
    this.raw(bytes);
  }

  /** What has been written, as a view that the next write may overwrite. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
