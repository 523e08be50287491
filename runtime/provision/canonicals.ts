/**
 * The built-ins and options by which a component calls and is called. Most of
 * those there are serve asynchronous calls, whose books are outside of what
 * fuel pays for and a reset reaches.
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#canonical-definitions
 */
import { UnsupportedComponent } from './component-types.js';
import type { ByteReader } from './wasm/bytes.js';

const LIFT = 0x00;
const LOWER = 0x01;
const RESOURCE_DROP = 0x03;

/** By their code; what is not listed serves asynchronous calls. */
const REFUSED: Readonly<Record<number, string>> = {
  0x02: 'resources of its own (resource.new)',
  0x04: 'resources of its own (resource.rep)',
  0x1c: 'error contexts (error-context.new)',
  0x1d: 'error contexts (error-context.debug-message)',
  0x1e: 'error contexts (error-context.drop)',
  0x40: 'threads (thread.spawn-ref)',
  0x41: 'threads (thread.spawn-indirect)',
  0x42: 'threads (thread.available-parallelism)',
};

/** Options without an argument. */
const ENCODINGS = new Set([0x00, 0x01]);
/** Memory, realloc, post-return: each with an index. */
const INDEXED = new Set([0x03, 0x04, 0x05]);

const REFUSED_OPTIONS: Readonly<Record<number, string>> = {
  0x02: 'strings encoded as latin1+utf16: utf8 and utf16 are offered',
  0x06: 'asynchronous functions',
  0x07: 'asynchronous functions',
};

/** Reads one canonical definition. @throws UnsupportedComponent naming what is not offered. */
export function checkCanonical(reader: ByteReader): void {
  const code = reader.u8();
  switch (code) {
    case LIFT:
      reader.u8();
      reader.u32(); // which core function
      checkOptions(reader);
      reader.u32(); // its type
      return;
    case LOWER:
      reader.u8();
      reader.u32(); // which function
      checkOptions(reader);
      return;
    case RESOURCE_DROP:
      reader.u32();
      return;
    default:
      throw new UnsupportedComponent(
        REFUSED[code] ?? `asynchronous calls (canonical built-in 0x${code.toString(16).padStart(2, '0')})`,
      );
  }
}

function checkOptions(reader: ByteReader): void {
  for (let count = reader.u32(); count > 0; count--) {
    const option = reader.u8();
    if (ENCODINGS.has(option)) continue;
    if (!INDEXED.has(option)) {
      throw new UnsupportedComponent(REFUSED_OPTIONS[option] ?? `the canonical option 0x${option.toString(16)}`);
    }
    reader.u32();
  }
}
