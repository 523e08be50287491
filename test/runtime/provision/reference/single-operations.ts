/**
 * Runs one operation at a time: a module of a few instructions around it, which
 * nothing has rewritten. Arithmetic is the engine's own; what the reference
 * interpreter proves is which instructions execute, and how often.
 */
import type { Operation, ValueType } from './operations.js';

/**
 * A value as its bits: i32 and f32 as an int32, i64 and f64 as an unsigned
 * bigint, v128 as two of those, references as what they refer to.
 */
export type Value = number | bigint | readonly [bigint, bigint] | object | string | null;

type Run = (...operands: unknown[]) => unknown;

/** The engine trapped: `kind` is its message. */
export class Trap extends Error {
  override readonly name = 'Trap';
}

const TYPE_CODE: Readonly<Record<ValueType, number>> = {
  i: 0x7f,
  I: 0x7e,
  f: 0x7d,
  F: 0x7c,
  v: 0x7b,
  r: 0x70,
  e: 0x6f,
};
const I32 = 0x7f;
const I64 = 0x7e;
const V128 = 0x7b;

const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

const compiled = new Map<string, Run>();
const memory = new WebAssembly.Memory({ initial: 1 });

/** The memory at whose beginning loads read and stores write. */
export const scratch = new Uint8Array(memory.buffer);

/**
 * Executes `operation` on operands. A load or store works on the beginning of `scratch`, whatever its address.
 * @param lanes the lane that an immediate chooses, or the 16 of a shuffle.
 * @throws Trap
 */
export function execute(operation: Operation, operands: readonly Value[], lanes: readonly number[]): Value | undefined {
  const key = `${operation.name} ${lanes.join()}`;
  let run = compiled.get(key);
  if (run === undefined) compiled.set(key, (run = compile(operation, lanes)));
  const carried: unknown[] = [];
  for (const [i, type] of operation.params.entries()) {
    const value = i === 0 && operation.accessBytes > 0 ? 0 : operands[i];
    if (type === 'v') carried.push(...(value as [bigint, bigint]));
    else carried.push(value);
  }
  let result: unknown;
  try {
    result = run(...carried);
  } catch (error) {
    throw new Trap((error as Error).message, { cause: error });
  }
  return operation.results.length === 0 ? undefined : normal(result as Value, operation.results[0] as ValueType);
}

function normal(result: Value, type: ValueType): Value {
  if (type === 'v') return (result as readonly bigint[]).map((half) => BigInt.asUintN(64, half));
  return typeof result === 'bigint' ? BigInt.asUintN(64, result) : result;
}

/** What carries a value over: its bits in integers. */
function carriers(type: ValueType): number[] {
  if (type === 'v') return [I64, I64];
  return [type === 'i' || type === 'f' ? I32 : I64];
}

function compile(operation: Operation, lanes: readonly number[]): Run {
  const params = operation.params.flatMap(carriers);
  const results = operation.results.flatMap(carriers);
  const code: number[] = [1, 1, V128]; // one local, for a vector that is the result
  let at = 0;
  for (const type of operation.params) {
    code.push(0x20, at++);
    if (type === 'f') code.push(0xbe);
    if (type === 'F') code.push(0xbf);
    if (type === 'v') code.push(0xfd, 18, 0x20, at++, 0xfd, 30, 1);
  }
  code.push(...operation.code, ...immediates(operation, lanes));
  const result = operation.results[0];
  if (result === 'f') code.push(0xbc);
  if (result === 'F') code.push(0xbd);
  if (result === 'v') code.push(0x21, at, 0x20, at, 0xfd, 29, 0, 0x20, at, 0xfd, 29, 1);
  code.push(0x0b);
  const module = Uint8Array.from([
    ...HEADER,
    ...section(1, [1, 0x60, params.length, ...params, results.length, ...results]),
    ...section(2, [1, 1, 0x6d, 1, 0x6d, 2, 0, 0]), // the memory "m" "m"
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0, 0]), // the function "f"
    ...section(10, [1, ...sized(code)]),
  ]);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { m: { m: memory } });
  return instance.exports['f'] as Run;
}

function immediates(operation: Operation, lanes: readonly number[]): readonly number[] {
  switch (operation.immediates) {
    case 'none':
      return [];
    case 'memory':
      return [0, 0];
    case 'memory-lane':
      return [0, 0, ...lanes];
    case 'lane':
    case 'shuffle':
      return lanes;
  }
}

function sized(bytes: readonly number[]): number[] {
  return [(bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];
}

function section(id: number, body: readonly number[]): number[] {
  return [id, ...sized(body)];
}

/** The code of a type in the binary format. */
export function typeCode(type: ValueType): number {
  return TYPE_CODE[type];
}
