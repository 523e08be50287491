/** Entries of sections, encoded. */
import { ByteWriter } from './bytes.js';
import { KIND, type FunctionType } from './module-info.js';
import { I32, OP } from './opcodes.js';

const FUNC_FORM = 0x60;

/** A vector of indices: the whole of a function section. */
export function indexVector(indices: readonly number[]): Uint8Array {
  const out = new ByteWriter(2 * indices.length + 16);
  out.u32(indices.length);
  for (const index of indices) out.u32(index);
  return out.finish();
}

export function functionImport(module: string, name: string, type: number): Uint8Array {
  const out = new ByteWriter(64);
  out.name(module);
  out.name(name);
  out.u8(KIND.function);
  out.u32(type);
  return out.finish();
}

export function functionType(type: FunctionType): Uint8Array {
  const out = new ByteWriter(type.params.length + type.results.length + 8);
  out.u8(FUNC_FORM);
  out.u32(type.params.length);
  out.raw(type.params);
  out.u32(type.results.length);
  out.raw(type.results);
  return out.finish();
}

/** A mutable global of type i32. */
export function i32Global(value: number): Uint8Array {
  const out = new ByteWriter(16);
  out.u8(I32);
  out.u8(1);
  out.u8(OP.i32Const);
  out.s32(value);
  out.u8(OP.end);
  return out.finish();
}

/** An entry of the code section: the size, then local declarations and instructions. */
export function codeEntry(body: Uint8Array): Uint8Array {
  const out = new ByteWriter(body.length + 5);
  out.u32(body.length);
  out.raw(body);
  return out.finish();
}
