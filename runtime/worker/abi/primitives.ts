/**
 * The primitive types: how each is a core value, and how it lies in memory.
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
import { AbiFault } from './abi-fault.js';

export type Primitive = 'bool' | 's8' | 'u8' | 's16' | 'u16' | 's32' | 'u32' | 's64' | 'u64' | 'f32' | 'f64' | 'char';

export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';
export type CoreValue = number | bigint;

export interface PrimitiveAbi {
  /** In memory, which is its alignment as well. */
  readonly size: 1 | 2 | 4 | 8;
  readonly core: CoreType;
  /** From the core value that the guest gave, of which only the low bits count. */
  readonly lift: (core: never) => unknown;
  readonly lower: (value: never) => CoreValue;
}

const same = <Value>(value: Value): Value => value;

function integer(size: 1 | 2 | 4, lift: (core: number) => number): PrimitiveAbi {
  return { size, core: 'i32', lift, lower: same<number> };
}

export const PRIMITIVES: Readonly<Record<Primitive, PrimitiveAbi>> = {
  bool: { size: 1, core: 'i32', lift: (core: number) => core !== 0, lower: (value: boolean) => (value ? 1 : 0) },
  s8: integer(1, (core) => (core << 24) >> 24),
  u8: integer(1, (core) => core & 0xff),
  s16: integer(2, (core) => (core << 16) >> 16),
  u16: integer(2, (core) => core & 0xffff),
  s32: integer(4, (core) => core | 0),
  u32: integer(4, (core) => core >>> 0),
  s64: { size: 8, core: 'i64', lift: (core: bigint) => BigInt.asIntN(64, core), lower: same<bigint> },
  u64: { size: 8, core: 'i64', lift: (core: bigint) => BigInt.asUintN(64, core), lower: same<bigint> },
  f32: { size: 4, core: 'f32', lift: same<number>, lower: same<number> },
  f64: { size: 8, core: 'f64', lift: same<number>, lower: same<number> },
  char: { size: 4, core: 'i32', lift: character, lower: (value: string) => value.codePointAt(0) ?? 0 },
};

/** A surrogate is no character, and beyond U+10FFFF there is none. */
function character(core: number): string {
  const code = core >>> 0;
  if (code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw new AbiFault(`0x${code.toString(16)} is not a character`);
  }
  return String.fromCodePoint(code);
}

export function isPrimitive(type: unknown): type is Primitive {
  return typeof type === 'string' && Object.hasOwn(PRIMITIVES, type);
}

/** Reads a primitive at an address that is checked already. */
export function loadPrimitive(type: Primitive): (view: DataView, at: number) => unknown {
  const { size, core, lift } = PRIMITIVES[type];
  const take = lift as (core: CoreValue) => unknown;
  switch (core) {
    case 'i32':
      if (size === 1) return (view, at) => take(view.getUint8(at));
      if (size === 2) return (view, at) => take(view.getUint16(at, true));
      return (view, at) => take(view.getInt32(at, true));
    case 'i64':
      return (view, at) => take(view.getBigInt64(at, true));
    case 'f32':
      return (view, at) => take(view.getFloat32(at, true));
    case 'f64':
      return (view, at) => take(view.getFloat64(at, true));
  }
}

/** Writes a primitive at an address that is checked already. */
export function storePrimitive(type: Primitive): (view: DataView, at: number, value: never) => void {
  const { size, core, lower } = PRIMITIVES[type];
  switch (core) {
    case 'i32':
      if (size === 1) return (view, at, value) => view.setUint8(at, lower(value) as number);
      if (size === 2) return (view, at, value) => view.setUint16(at, lower(value) as number, true);
      return (view, at, value) => view.setInt32(at, lower(value) as number, true);
    case 'i64':
      return (view, at, value) => view.setBigInt64(at, lower(value) as bigint, true);
    case 'f32':
      return (view, at, value) => view.setFloat32(at, lower(value) as number, true);
    case 'f64':
      return (view, at, value) => view.setFloat64(at, lower(value) as number, true);
  }
}
