/**
 * Writing JSON, straight to the bytes that are published.
 *
 *   const payload = new JsonWriter()
 *     .object().key("state").str("ON").key("level").num(0.5).end()
 *     .bytes();
 */
import { encodeUtf8 } from "./utf8";

/** Room to begin with: most commands fit. */
const INITIAL_BYTES = 128;

/** Largest whole number that is written without a fraction or exponent. */
const MAX_WHOLE: f64 = 9007199254740991.0;

/** The reader refuses what is deeper, and the containers that are open are kept in 64 bits. */
const MAX_DEPTH = 64;

/** Writes one value. Commas and closing brackets are its business. */
export class JsonWriter {
  private out: Uint8Array = new Uint8Array(INITIAL_BYTES);
  private length: i32 = 0;
  private depth: i32 = 0;
  /** Bit 0 tells of the innermost container: 1 for an object. */
  private objects: u64 = 0;
  private needsComma: bool = false;

  /** Begins an object, ended by `end`. */
  object(): this {
    return this.open(true);
  }

  /** Begins an array, ended by `end`. */
  array(): this {
    return this.open(false);
  }

  /** Ends the innermost object or array; does nothing when none is open. */
  end(): this {
    if (this.depth == 0) return this;
    this.depth--;
    this.byte(this.objects & 1 ? 0x7d : 0x5d);
    this.objects >>= 1;
    this.needsComma = true;
    return this;
  }

  /** The name of the next value of an object. */
  key(name: string): this {
    this.separate();
    this.quoted(name);
    this.byte(0x3a);
    this.needsComma = false;
    return this;
  }

  str(text: string): this {
    this.separate();
    this.quoted(text);
    return this.ended();
  }

  /** A number; null for NaN and infinities, which JSON cannot say. */
  num(number: f64): this {
    if (!isFinite(number)) return this.nil();
    if (number == Math.trunc(number) && Math.abs(number) <= MAX_WHOLE) return this.int(<i64>number);
    this.separate();
    this.ascii(number.toString());
    return this.ended();
  }

  int(number: i64): this {
    this.separate();
    this.ascii(number.toString());
    return this.ended();
  }

  bool(flag: bool): this {
    this.separate();
    this.ascii(flag ? "true" : "false");
    return this.ended();
  }

  nil(): this {
    this.separate();
    this.ascii("null");
    return this.ended();
  }

  /** What was written, with all that is open ended. */
  bytes(): Uint8Array {
    while (this.depth > 0) this.end();
    return this.out.subarray(0, this.length);
  }

  private open(isObject: bool): this {
    assert(this.depth < MAX_DEPTH, "JSON may be nested at most 64 deep");
    this.separate();
    this.depth++;
    this.objects = (this.objects << 1) | (isObject ? 1 : 0);
    this.byte(isObject ? 0x7b : 0x5b);
    this.needsComma = false;
    return this;
  }

  private separate(): void {
    if (this.needsComma) this.byte(0x2c);
  }

  private ended(): this {
    this.needsComma = true;
    return this;
  }

  /** Makes room for `bytes` more; answers where they go. */
  private reserve(bytes: i32): usize {
    const needed = this.length + bytes;
    if (needed > this.out.length) {
      const larger = new Uint8Array(max(needed, this.out.length << 1));
      memory.copy(larger.dataStart, this.out.dataStart, this.length);
      this.out = larger;
    }
    const at = this.out.dataStart + this.length;
    this.length = needed;
    return at;
  }

  private byte(byte: u8): void {
    store<u8>(this.reserve(1), byte);
  }

  private ascii(text: string): void {
    const at = this.reserve(text.length);
    for (let i = 0; i < text.length; i++) store<u8>(at + i, <u8>text.charCodeAt(i));
  }

  private quoted(text: string): void {
    this.byte(0x22);
    const start = this.length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        // Beyond ASCII: encode the whole text at once, then escape byte by byte.
        this.length = start;
        this.escapedUtf8(text);
        break;
      }
      this.escaped(<u8>unit);
    }
    this.byte(0x22);
  }

  private escapedUtf8(text: string): void {
    const encoded = Uint8Array.wrap(encodeUtf8(text));
    for (let i = 0; i < encoded.length; i++) this.escaped(unchecked(encoded[i]));
  }

  private escaped(byte: u8): void {
    if (byte == 0x22 || byte == 0x5c) {
      this.byte(0x5c);
      this.byte(byte);
    } else if (byte < 0x20) {
      this.ascii("\\u00");
      this.byte(hexDigit(byte >> 4));
      this.byte(hexDigit(byte & 15));
    } else this.byte(byte);
  }
}

function hexDigit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}
