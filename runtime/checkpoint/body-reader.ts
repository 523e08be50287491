/** Reads the values that the body of a checkpoint consists of, and believes nothing. */
import { CheckpointFault, CHECKPOINT_BOUNDS } from './format.js';

/** A mark of byte order is a character like others: without this, a text that begins with one loses it. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class BodyReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  u8(what: string): number {
    return this.#bytes.readUInt8(this.#take(1, what));
  }

  u32(what: string): number {
    return this.#bytes.readUInt32LE(this.#take(4, what));
  }

  u64(what: string): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8, what));
  }

  f64(what: string): number {
    return this.#bytes.readDoubleLE(this.#take(8, what));
  }

  /** A number that is not negative, and not NaN or infinite. */
  amount(what: string): number {
    const value = this.f64(what);
    if (!Number.isFinite(value) || value < 0) throw new CheckpointFault(`${what} must be 0 or more: it is ${value}`);
    return value;
  }

  /** A whole number of at most 2^53 - 1. */
  count(what: string): number {
    const value = this.amount(what);
    if (!Number.isSafeInteger(value)) throw new CheckpointFault(`${what} must be a whole number: it is ${value}`);
    return value;
  }

  flag(what: string): boolean {
    return this.choice(what, [false, true]);
  }

  /** One of a few values, by its index. */
  choice<Value>(what: string, values: readonly Value[]): Value {
    const index = this.u8(what);
    const value = values[index];
    if (value === undefined) throw new CheckpointFault(`${what} must be below ${values.length}: it is ${index}`);
    return value;
  }

  /** A view. */
  raw(count: number, what: string): Uint8Array {
    const at = this.#take(count, what);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, count);
  }

  /** A view of at most what is there. */
  bytes(what: string): Uint8Array {
    return this.raw(this.u32(what), what);
  }

  text(what: string, most: number = CHECKPOINT_BOUNDS.bodyBytes): string {
    const length = this.u32(what);
    if (length > most) throw new CheckpointFault(`${what} may have ${most} bytes: it has ${length}`);
    const bytes = this.raw(length, what);
    try {
      return decoder.decode(bytes);
    } catch {
      throw new CheckpointFault(`${what} is not UTF-8`);
    }
  }

  name(what: string): string {
    return this.text(what, CHECKPOINT_BOUNDS.nameLength);
  }

  list<Item>(what: string, read: () => Item, most: number = CHECKPOINT_BOUNDS.entries): Item[] {
    const count = this.u32(what);
    if (count > most) throw new CheckpointFault(`${what} may be ${most}: there are ${count}`);
    // Each takes a byte at least, so that a short body cannot ask for a long list.
    if (count > this.#bytes.length - this.#at) throw new CheckpointFault(`the checkpoint ends within ${what}`);
    return Array.from({ length: count }, read);
  }

  optional<Value>(what: string, read: () => Value): Value | undefined {
    return this.flag(what) ? read() : undefined;
  }

  #take(count: number, what: string): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw new CheckpointFault(`the checkpoint ends within ${what}`);
    this.#at += count;
    return at;
  }
}
