import { typeCode } from '../reference/single-operations.js';
import type { ValueType } from '../reference/operations.js';
import type { Random } from './random.js';

/** Writes the binary format, now and then with numbers longer than they need be, as linkers do. */
export class WasmWriter {
  readonly bytes: number[] = [];

  constructor(readonly random: Random) {}

  put(...bytes: readonly number[]): this {
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }

  u32(value: number): this {
    const fewest = this.random.once(40) ? 5 : 1;
    let rest = value >>> 0;
    for (let count = 1; rest >= 0x80 || count < fewest; count++) {
      this.bytes.push((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.put(rest);
  }

  signed(value: bigint): this {
    for (let rest = value; ; rest >>= 7n) {
      const byte = Number(rest & 0x7fn);
      if (rest >> 6n === 0n || rest >> 6n === -1n) return this.put(byte);
      this.put(byte | 0x80);
    }
  }

  little(value: bigint, bytes: number): this {
    for (let i = 0n; i < bytes; i++) this.put(Number((value >> (8n * i)) & 0xffn));
    return this;
  }

  types(types: readonly ValueType[]): this {
    return this.u32(types.length).put(...types.map(typeCode));
  }

  name(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.u32(bytes.length).put(...bytes);
  }

  /** A length, and what `write` writes. */
  sized(write: (writer: WasmWriter) => void): this {
    const inner = new WasmWriter(this.random);
    write(inner);
    this.u32(inner.bytes.length);
    for (const byte of inner.bytes) this.bytes.push(byte);
    return this;
  }

  /** A section of entries, if there are any. */
  section<Entry>(id: number, entries: readonly Entry[], write: (entry: Entry, writer: WasmWriter) => void): this {
    if (entries.length === 0) return this;
    return this.put(id).sized((body) => {
      body.u32(entries.length);
      for (const entry of entries) write(entry, body);
    });
  }
}
