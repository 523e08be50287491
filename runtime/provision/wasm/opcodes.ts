/**
 * The instructions that tasks may contain, and what follows each opcode.
 * https://webassembly.github.io/spec/core/binary/instructions.html
 *
 * An opcode that is not listed is refused by its name or number: what is not
 * understood cannot be metered.
 */

/** What follows an opcode. */
export const IMMEDIATE = {
  unsupported: 0,
  none: 1,
  block: 2,
  label: 3,
  labels: 4,
  function: 5,
  indirect: 6,
  index: 7,
  memory: 8,
  leb: 9,
  bytes4: 10,
  bytes8: 11,
  types: 12,
  bulk: 13,
  vector: 14,
  tag: 15,
} as const;

export const OP = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  delegate: 0x18,
  catchAll: 0x19,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  tableGet: 0x25,
  tableSet: 0x26,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  f64Const: 0x44,
  i32Eqz: 0x45,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i32LeU: 0x4d,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32ShrU: 0x76,
  i64Add: 0x7c,
  i64Shl: 0x86,
  i64GtU: 0x56,
  i32Or: 0x72,
  i32Eq: 0x46,
  i64ExtendI32U: 0xad,
  i64Const: 0x42,
  refFunc: 0xd2,
  bulk: 0xfc,
  vector: 0xfd,
} as const;

export const BULK = {
  memoryInit: 8,
  dataDrop: 9,
  memoryCopy: 10,
  memoryFill: 11,
  tableInit: 12,
  elemDrop: 13,
  tableCopy: 14,
  tableGrow: 15,
  tableSize: 16,
  tableFill: 17,
} as const;

/** The block type without parameters and results. */
export const EMPTY_BLOCK = 0x40;
export const I32 = 0x7f;

export const immediates = new Uint8Array(256);

function range(from: number, to: number, immediate: number): void {
  immediates.fill(immediate, from, to + 1);
}

range(0x00, 0x01, IMMEDIATE.none); // unreachable, nop
range(0x02, 0x04, IMMEDIATE.block); // block, loop, if
range(0x05, 0x05, IMMEDIATE.none); // else
range(0x06, 0x06, IMMEDIATE.block); // try
range(0x07, 0x08, IMMEDIATE.tag); // catch, throw
range(0x09, 0x09, IMMEDIATE.label); // rethrow
range(0x0b, 0x0b, IMMEDIATE.none); // end
range(0x0c, 0x0d, IMMEDIATE.label); // br, br_if
range(0x0e, 0x0e, IMMEDIATE.labels); // br_table
range(0x0f, 0x0f, IMMEDIATE.none); // return
range(0x10, 0x10, IMMEDIATE.function); // call
range(0x11, 0x11, IMMEDIATE.indirect); // call_indirect
range(0x12, 0x12, IMMEDIATE.function); // return_call
range(0x13, 0x13, IMMEDIATE.indirect); // return_call_indirect
range(0x18, 0x18, IMMEDIATE.label); // delegate
range(0x19, 0x1b, IMMEDIATE.none); // catch_all, drop, select
range(0x1c, 0x1c, IMMEDIATE.types); // select t
range(0x20, 0x26, IMMEDIATE.index); // local.*, global.*, table.get, table.set
range(0x28, 0x3e, IMMEDIATE.memory); // loads and stores
range(0x3f, 0x40, IMMEDIATE.index); // memory.size, memory.grow
range(0x41, 0x42, IMMEDIATE.leb); // i32.const, i64.const
range(0x43, 0x43, IMMEDIATE.bytes4); // f32.const
range(0x44, 0x44, IMMEDIATE.bytes8); // f64.const
range(0x45, 0xc4, IMMEDIATE.none); // numeric, with sign extension
range(0xd0, 0xd0, IMMEDIATE.leb); // ref.null
range(0xd1, 0xd1, IMMEDIATE.none); // ref.is_null
range(0xd2, 0xd2, IMMEDIATE.function); // ref.func
range(0xfc, 0xfc, IMMEDIATE.bulk);
range(0xfd, 0xfd, IMMEDIATE.vector);

/** The number of index immediates of each 0xfc instruction; undefined where there is none such. */
export const bulkImmediates: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

/** What follows a 0xfd instruction. */
export type VectorImmediate = 'none' | 'memory' | 'bytes16' | 'lane' | 'memory-lane';

/** @returns undefined for what is not fixed-width SIMD, such as relaxed SIMD. */
export function vectorImmediate(opcode: number): VectorImmediate | undefined {
  if (opcode <= 11 || opcode === 92 || opcode === 93) return 'memory';
  if (opcode === 12 || opcode === 13) return 'bytes16';
  if (opcode >= 21 && opcode <= 34) return 'lane';
  if (opcode >= 84 && opcode <= 91) return 'memory-lane';
  return opcode <= 255 ? 'none' : undefined;
}

const NAMES: Readonly<Record<number, string>> = {
  0x0a: 'throw_ref (exception handling with exnref)',
  0x14: 'call_ref (typed function references)',
  0x15: 'return_call_ref (typed function references)',
  0x1f: 'try_table (exception handling with exnref)',
  0xd3: 'ref.eq (garbage collection)',
  0xd4: 'ref.as_non_null (typed function references)',
  0xd5: 'br_on_null (typed function references)',
  0xd6: 'br_on_non_null (typed function references)',
  0xfb: 'a garbage collection instruction',
  0xfe: 'an atomic instruction (threads)',
};

/** What an unsupported opcode is called in messages to people. */
export function opcodeName(opcode: number): string {
  return NAMES[opcode] ?? `the instruction 0x${opcode.toString(16).padStart(2, '0')}`;
}
