/** Passing over an instruction's immediates, whatever the instruction is. */
import type { ByteReader } from './bytes.js';
import { UnsupportedWasm } from './module-info.js';
import { bulkImmediates, IMMEDIATE, immediates, opcodeName, vectorImmediate } from './opcodes.js';

/** In the alignment of a memory argument: the memory is named. */
const NAMES_MEMORY = 0x40;

/**
 * Moves `reader` from behind an opcode to the next instruction.
 * @throws UnsupportedWasm naming what cannot be metered.
 */
export function skipImmediates(reader: ByteReader, opcode: number): void {
  switch (immediates[opcode]) {
    case IMMEDIATE.none:
      return;
    case IMMEDIATE.block:
    case IMMEDIATE.label:
    case IMMEDIATE.function:
    case IMMEDIATE.index:
    case IMMEDIATE.leb:
    case IMMEDIATE.tag:
      reader.skipLeb();
      return;
    case IMMEDIATE.memory:
      skipMemoryArgument(reader);
      return;
    case IMMEDIATE.indirect:
      reader.skipLeb();
      reader.skipLeb();
      return;
    case IMMEDIATE.labels:
      for (let count = reader.u32(); count >= 0; count--) reader.skipLeb();
      return;
    case IMMEDIATE.bytes4:
      reader.skip(4);
      return;
    case IMMEDIATE.bytes8:
      reader.skip(8);
      return;
    case IMMEDIATE.types:
      reader.skip(reader.u32());
      return;
    case IMMEDIATE.bulk:
      skipBulk(reader);
      return;
    case IMMEDIATE.vector:
      skipVector(reader);
      return;
    default:
      throw new UnsupportedWasm(opcodeName(opcode));
  }
}

function skipMemoryArgument(reader: ByteReader): void {
  if ((reader.u32() & NAMES_MEMORY) !== 0) reader.skipLeb();
  reader.skipLeb();
}

function skipBulk(reader: ByteReader): void {
  const opcode = reader.u32();
  const count = bulkImmediates[opcode];
  if (count === undefined) throw new UnsupportedWasm(`the instruction 0xfc ${opcode}`);
  for (let i = 0; i < count; i++) reader.skipLeb();
}

function skipVector(reader: ByteReader): void {
  const opcode = reader.u32();
  switch (vectorImmediate(opcode)) {
    case 'none':
      return;
    case 'memory':
      skipMemoryArgument(reader);
      return;
    case 'bytes16':
      reader.skip(16);
      return;
    case 'lane':
      reader.skip(1);
      return;
    case 'memory-lane':
      skipMemoryArgument(reader);
      reader.skip(1);
      return;
    case undefined:
      throw new UnsupportedWasm(`relaxed SIMD (0xfd ${opcode}), whose results differ between machines`);
  }
}
