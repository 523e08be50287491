/**
 * Mutable globals as 64-bit words, so that a checkpoint has each of their bits:
 * JavaScript cannot read vectors, and may change the bits of a NaN.
 */
import { ByteWriter } from '../wasm/bytes.js';
import type { ModuleInfo } from '../wasm/module-info.js';
import { OP } from '../wasm/opcodes.js';

const I32 = 0x7f;
export const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;

/** A global, or half of one. */
export interface GlobalWord {
  readonly global: number;
  readonly type: number;
  /** Of a vector, which 64 bits. */
  readonly lane: number;
}

/** Those of the globals that a module defines and may change, in their order. References are not among them. */
export function globalWords(info: ModuleInfo): GlobalWord[] {
  return info.globals.flatMap(({ type, mutable, imported }, global): GlobalWord[] => {
    if (!mutable || imported) return [];
    if (type === V128) return [0, 1].map((lane) => ({ global, type, lane }));
    return type === I32 || type === I64 || type === F32 || type === F64 ? [{ global, type, lane: 0 }] : [];
  });
}

/** How many of a word's bits can be set. */
export function wordBits({ type }: GlobalWord): number {
  return type === I32 || type === F32 ? 32 : 64;
}

/** What each type is made to an i64 by, and from one. */
const TO_I64: Readonly<Record<number, readonly number[]>> = {
  [I32]: [0xad], // i64.extend_i32_u
  [I64]: [],
  [F32]: [0xbc, 0xad], // i32.reinterpret_f32, i64.extend_i32_u
  [F64]: [0xbd], // i64.reinterpret_f64
};
const FROM_I64: Readonly<Record<number, readonly number[]>> = {
  [I32]: [0xa7], // i32.wrap_i64
  [I64]: [],
  [F32]: [0xa7, 0xbe], // i32.wrap_i64, f32.reinterpret_i32
  [F64]: [0xbf], // f64.reinterpret_i64
};
const EXTRACT_LANE = 29;
const REPLACE_LANE = 30;

/** The code of a function that answers with a word. */
export function readBody({ global, type, lane }: GlobalWord): Uint8Array {
  const out = begun();
  op(out, OP.globalGet, global);
  if (type === V128) vectorOp(out, EXTRACT_LANE, lane);
  for (const opcode of TO_I64[type] ?? []) out.u8(opcode);
  out.u8(OP.end);
  return out.finish();
}

/** The code of a function that takes a word. */
export function writeBody({ global, type, lane }: GlobalWord): Uint8Array {
  const out = begun();
  if (type === V128) op(out, OP.globalGet, global);
  op(out, OP.localGet, 0);
  if (type === V128) vectorOp(out, REPLACE_LANE, lane);
  for (const opcode of FROM_I64[type] ?? []) out.u8(opcode);
  op(out, OP.globalSet, global);
  out.u8(OP.end);
  return out.finish();
}

function begun(): ByteWriter {
  const out = new ByteWriter(24);
  out.u32(0); // no locals
  return out;
}

function op(out: ByteWriter, opcode: number, operand: number): void {
  out.u8(opcode);
  out.u32(operand);
}

function vectorOp(out: ByteWriter, opcode: number, lane: number): void {
  out.u8(OP.vector);
  out.u32(opcode);
  out.u8(lane);
}
