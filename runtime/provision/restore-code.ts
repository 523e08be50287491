/** The code of the functions that `expose.ts` adds. */
import { ByteWriter } from './wasm/bytes.js';
import { BULK, EMPTY_BLOCK, I32, OP } from './wasm/opcodes.js';

/** What is kept, and where. */
export interface Shadows {
  readonly globals: readonly { readonly index: number; readonly shadow: number; readonly type: number }[];
  readonly tables: readonly { readonly index: number; readonly shadow: number; readonly element: number }[];
}

/** A shadow is as long as its table once saved. */
export function shadowTableEntry({ element }: Shadows['tables'][number]): Uint8Array {
  return Uint8Array.of(element, 0, 0);
}

/** Called once: shadow tables grow from nothing. */
export function saveBody({ globals, tables }: Shadows): Uint8Array {
  const code = new Code();
  for (const { index, shadow } of globals) code.op(OP.globalGet, index).op(OP.globalSet, shadow);
  for (const { index, shadow, element } of tables) {
    code.op(REF_NULL, element).op(OP.bulk, BULK.tableSize, index).op(OP.bulk, BULK.tableGrow, shadow).op(OP.drop);
    copyTable(code, { to: shadow, from: index, sizeOf: index });
  }
  return code.finish();
}

/** The caller has seen that no table grew: what lies behind a shadow's end would stay. */
export function restoreBody({ globals, tables }: Shadows): Uint8Array {
  const code = new Code();
  for (const { index, shadow } of globals) code.op(OP.globalGet, shadow).op(OP.globalSet, index);
  for (const { index, shadow } of tables) copyTable(code, { to: index, from: shadow, sizeOf: shadow });
  return code.finish();
}

function copyTable(code: Code, { to, from, sizeOf }: { to: number; from: number; sizeOf: number }): void {
  code.zero().zero().op(OP.bulk, BULK.tableSize, sizeOf).op(OP.bulk, BULK.tableCopy, to, from);
}

export const clearType: readonly number[] = [I32, I32];

/**
 * `clear` looks at this many bytes at once: sixteen loads, which V8 keeps in
 * registers. Less makes it slower by the loop, more by spilling.
 */
export const CLEAR_BLOCK_BYTES = 256;

const FROM = 0;
const TO = 1;
const VECTOR_BYTES = 16;
const SIMD = { load: 0, store: 11, const: 12, or: 80, anyTrue: 83 } as const;
const REF_NULL = 0xd0;

/**
 * `clear(from, to)`, both multiples of the block, and from below to. Reading
 * finds blocks that nothing touched, and leaves them in the cache as they are;
 * pages that were never written stay without memory behind them.
 */
export function clearBody(memory: number): Uint8Array {
  const code = new Code();
  code.op(OP.loop, EMPTY_BLOCK);
  code.op(OP.localGet, TO).i32(CLEAR_BLOCK_BYTES).op(OP.i32Sub).op(OP.localSet, TO);
  for (let at = 0; at < CLEAR_BLOCK_BYTES; at += VECTOR_BYTES) {
    code.op(OP.localGet, TO).memory(SIMD.load, memory, at);
    if (at > 0) code.op(OP.vector, SIMD.or);
  }
  code.op(OP.vector, SIMD.anyTrue).op(OP.if, EMPTY_BLOCK);
  for (let at = 0; at < CLEAR_BLOCK_BYTES; at += VECTOR_BYTES) {
    code.op(OP.localGet, TO).zeroVector().memory(SIMD.store, memory, at);
  }
  code.op(OP.end);
  code.op(OP.localGet, FROM).op(OP.localGet, TO).op(OP.i32LtU).op(OP.brIf, 0);
  code.op(OP.end);
  return code.finish();
}

/** Writes the instructions of a function without locals of its own. */
class Code {
  readonly #out = new ByteWriter();

  constructor() {
    this.#out.u32(0);
  }

  op(opcode: number, ...operands: readonly number[]): this {
    this.#out.u8(opcode);
    for (const operand of operands) this.#out.u32(operand);
    return this;
  }

  i32(value: number): this {
    this.#out.u8(OP.i32Const);
    this.#out.s32(value);
    return this;
  }

  zero(): this {
    return this.i32(0);
  }

  zeroVector(): this {
    this.op(OP.vector, SIMD.const);
    this.#out.raw(new Uint8Array(VECTOR_BYTES));
    return this;
  }

  /** A vector load or store, aligned to 16 bytes. A memory other than the first is named, which not every engine knows. */
  memory(opcode: number, memory: number, offset: number): this {
    return memory === 0 ? this.op(OP.vector, opcode, 4, offset) : this.op(OP.vector, opcode, 4 | 0x40, memory, offset);
  }

  finish(): Uint8Array {
    this.op(OP.end);
    return this.#out.finish();
  }
}
