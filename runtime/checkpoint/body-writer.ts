/** Writes the values that the body of a checkpoint consists of. */

const FIRST_CAPACITY = 4096;

export class BodyWriter {
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;

  u8(value: number): void {
    const at = this.#advance(1);
    this.#bytes.writeUInt8(value, at);
  }

  u32(value: number): void {
    const at = this.#advance(4);
    this.#bytes.writeUInt32LE(value, at);
  }

  f64(value: number): void {
    const at = this.#advance(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  u64(value: bigint): void {
    const at = this.#advance(8);
    this.#bytes.writeBigUInt64LE(value, at);
  }

  flag(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  /** Bytes whose number the reader knows. */
  raw(bytes: Uint8Array): void {
    const at = this.#advance(bytes.length);
    this.#bytes.set(bytes, at);
  }

  bytes(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.u32(length);
    const at = this.#advance(length);
    this.#bytes.write(text, at, 'utf8');
  }

  list<Item>(items: readonly Item[], write: (item: Item) => void): void {
    this.u32(items.length);
    for (const item of items) write(item);
  }

  /** One byte that says whether there is a value, and the value. */
  optional<Value>(value: Value | undefined, write: (value: Value) => void): void {
    this.flag(value !== undefined);
    if (value !== undefined) write(value);
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #advance(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    return at;
  }
}
