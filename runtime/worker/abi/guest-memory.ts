/** A guest's memory as the canonical ABI uses it: bounds, alignment, encodings, allocation. */
import { AbiFault } from './abi-fault.js';

type StringEncoding = 'utf8' | 'utf16';

/** Whether the guest may call the host now: not while it allocates or frees for it. */
export interface LeaveGuard {
  mayLeave: boolean;
}

/** What a canonical function was declared with. */
export interface CanonicalOptions {
  readonly encoding: StringEncoding;
  readonly memory: () => WebAssembly.Memory | undefined;
  readonly realloc: () => Realloc | undefined;
}

type Realloc = (oldPointer: number, oldSize: number, align: number, newSize: number) => number;

/** Text up to this many units is put together or taken apart in JavaScript, which beats calling out for it. */
const SHORT_TEXT = 24;

export class GuestMemory {
  readonly #options: CanonicalOptions;
  readonly #guard: LeaveGuard;
  /** Bytes that the guest was asked for since `begin`. */
  #asked = 0;
  #buffer: ArrayBuffer | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #view = new DataView(new ArrayBuffer(0));

  constructor(options: CanonicalOptions, guard: LeaveGuard) {
    this.#options = options;
    this.#guard = guard;
  }

  /** Comes before each call. */
  begin(): void {
    this.#asked = 0;
    this.refresh();
  }

  /** Looks whether memory was grown: its buffer is another then. */
  refresh(): void {
    const buffer = this.#options.memory()?.buffer;
    if (buffer === this.#buffer || buffer === undefined) return;
    this.#buffer = buffer;
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
  }

  get view(): DataView {
    return this.#view;
  }

  /** @returns the address, unsigned. */
  #checked(pointer: number, size: number, align: number, what: string): number {
    const address = pointer >>> 0;
    if (address % align !== 0) throw new AbiFault(`${what} at address ${address} is not aligned to ${align}`);
    if (address + size > this.#bytes.length) {
      throw new AbiFault(`${what} of ${size} bytes at address ${address} lies beyond the memory's end`);
    }
    return address;
  }

  /** An address at which `size` bytes can be read or written. */
  area(pointer: number, size: number, align: number): number {
    return this.#checked(pointer, size, align, 'a value');
  }

  /** The bytes that a string of this length takes. */
  textBytes(length: number): number {
    return this.#options.encoding === 'utf16' ? (length >>> 0) * 2 : length >>> 0;
  }

  /** @param most bytes to look at; what is longer is cut. Ill-formed text is mended with U+FFFD. */
  text(pointer: number, length: number, most = Number.POSITIVE_INFINITY): string {
    const utf16 = this.#options.encoding === 'utf16';
    const whole = this.textBytes(length);
    const from = this.#checked(pointer, whole, utf16 ? 2 : 1, 'a string');
    const cut = Math.min(whole, most);
    const size = utf16 ? cut - (cut % 2) : cut;
    const text = utf16 ? this.#utf16(from, size) : this.#bytes.toString('utf8', from, from + size);
    return size < whole ? `${text}…` : text;
  }

  #utf16(from: number, size: number): string {
    if (size > SHORT_TEXT * 2) return this.#bytes.toString('utf16le', from, from + size).toWellFormed();
    let text = '';
    for (let at = from; at < from + size; at += 2) text += String.fromCharCode(this.#view.getUint16(at, true));
    return text.toWellFormed();
  }

  /** A copy. */
  bytes(pointer: number, length: number): Uint8Array {
    const size = length >>> 0;
    const from = this.#checked(pointer, size, 1, 'a list');
    return new Uint8Array((this.#buffer as ArrayBuffer).slice(from, from + size));
  }

  /** Asks the guest for memory. */
  allocate(size: number, align: number): number {
    const realloc = this.#options.realloc();
    if (realloc === undefined) throw new AbiFault('the guest offers no way to allocate');
    this.#guard.mayLeave = false;
    const pointer = realloc(0, 0, align, size);
    this.#guard.mayLeave = true;
    this.refresh();
    // Otherwise one call could copy without end: no value is longer than memory, but a list has many.
    this.#asked += size;
    if (this.#asked > this.#bytes.length) {
      throw new AbiFault('the guest allocated the same memory twice for one call: it was asked for more than there is');
    }
    return this.#checked(pointer, size, align, 'allocated memory');
  }

  /** @returns pointer and length, in the encoding's units. */
  storeText(text: string): [pointer: number, length: number] {
    if (this.#options.encoding === 'utf16') {
      const pointer = this.allocate(text.length * 2, 2);
      if (text.length > SHORT_TEXT) this.#bytes.write(text, pointer, 'utf16le');
      else for (let i = 0; i < text.length; i++) this.#view.setUint16(pointer + i * 2, text.charCodeAt(i), true);
      return [pointer, text.length];
    }
    const size = Buffer.byteLength(text);
    const pointer = this.allocate(size, 1);
    this.#bytes.write(text, pointer, 'utf8');
    return [pointer, size];
  }

  storeBytes(bytes: Uint8Array): [pointer: number, length: number] {
    const pointer = this.allocate(bytes.length, 1);
    this.#bytes.set(bytes, pointer);
    return [pointer, bytes.length];
  }
}
