/**
 * What executing costs, in fuel. This table is published: a change of it is a
 * change of every task's limits, and of `INSTRUMENTATION_VERSION`.
 *
 * A unit is about as much time wherever it is spent. Measured by
 * `npm run bench -- costs` on x64: a unit of ordinary code, 0.07 ns, is the
 * geometric mean over the kernels, which lie between 0.35 and 2.9 of it. A chain
 * of one instruction, each waiting for the one before, takes at most 7.2 of it,
 * whatever the instruction is. Two things are dearer, and no table can see them:
 * operands that are subnormal numbers, and memory that is in no cache.
 */
import { BULK, OP } from '../wasm/opcodes.js';

/**
 * Names this rewriting: the passes, the table and the adapted glue. Part of every cache key and
 * every checkpoint, so that fuel from different tables never meets.
 */
export const INSTRUMENTATION_VERSION = '4';

/** Fuel of each one-byte instruction. */
export const costs = new Uint16Array(256).fill(1);

function cost(fuel: number, ...opcodes: number[]): void {
  for (const opcode of opcodes) costs[opcode] = fuel;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Markers, and what only names a value: registers and immediates in optimised code. */
cost(
  0,
  OP.unreachable,
  OP.nop,
  OP.block,
  OP.loop,
  OP.else,
  OP.try,
  OP.catch,
  OP.catchAll,
  OP.delegate,
  OP.end,
  OP.drop,
  OP.localGet,
  ...range(OP.i32Const, OP.f64Const),
);
/** Branches, some of which the processor foresees wrongly. */
cost(2, OP.if, OP.brIf, OP.brTable);
/** Saving registers, the stack check and the return. */
cost(5, OP.call, OP.returnCall);
/** The same, plus the bounds and signature checks. */
cost(8, OP.callIndirect, OP.returnCallIndirect);
/** Loads: four or five cycles from the nearest cache. */
cost(2, ...range(0x28, 0x35));
/** Counting bits: three cycles. */
cost(2, ...range(0x67, 0x69), ...range(0x79, 0x7b));
/** Integer division and remainder, 32 and 64 bits. */
cost(8, ...range(0x6d, 0x6e), ...range(0x7f, 0x80));
cost(10, ...range(0x6f, 0x70), ...range(0x81, 0x82));
/** Floating point, 32 and 64 bits: division and square root; rounding; min, max and copysign. */
cost(10, 0x91, 0x95, 0x9f, 0xa3);
cost(5, ...range(0x8d, 0x90), ...range(0x9b, 0x9e));
cost(3, ...range(0x96, 0x98), ...range(0xa4, 0xa6));
/** Conversions between integers and floating point, and between its widths. */
cost(6, ...range(0xa8, 0xab), ...range(0xae, 0xbb));
/** Through the engine's own objects; a reference that is stored is seen by its collector. */
cost(4, OP.tableGet);
cost(50, OP.tableSet);
/** Unwinding looks up handlers in the engine. */
cost(2_000, OP.throw, OP.rethrow);
/** The attempt, a call into the host; what it gains is charged by `FUEL_PER_PAGE`. */
cost(500, OP.memoryGrow);
cost(0, OP.bulk, OP.vector);

/** Fuel of each 0xfc instruction, apart from what its size costs. */
export const bulkCosts = new Uint16Array(18).fill(1);
/** Saturating conversions. */
bulkCosts.fill(6, 0, BULK.memoryInit);
for (const opcode of [
  BULK.memoryInit,
  BULK.memoryCopy,
  BULK.memoryFill,
  BULK.tableInit,
  BULK.tableCopy,
  BULK.tableFill,
]) {
  bulkCosts[opcode] = 40;
}
bulkCosts[BULK.tableGrow] = 500;

/** Fuel of each 0xfd instruction, by its number: most take a cycle or two. */
export const vectorCosts = new Uint16Array(256).fill(2);
/** Multiplying wide lanes, shifting bytes, counting bits, moving a lane out. */
for (const opcode of [98, 107, 108, 109, 181, 213]) vectorCosts[opcode] = 5;
/** Division, square root, min and max, rounding and conversion, which on x64 are several instructions each. */
for (const opcode of [
  94,
  95,
  ...range(103, 106),
  116,
  117,
  122,
  148,
  227,
  ...range(231, 235),
  239,
  ...range(243, 255),
]) {
  vectorCosts[opcode] = 10;
}

/** Bulk memory instructions cost one unit for each 2^3 bytes. */
export const BYTES_PER_FUEL_SHIFT = 3;

/** Each entry that a table instruction writes, as a reference that the engine's collector sees. */
export const FUEL_PER_TABLE_ENTRY = 32;

/** A unit for each byte of a page that is gained: the kernel finds and zeroes it when it is first touched. */
export const FUEL_PER_PAGE = 65_536;

/**
 * Host calls, charged when they are made: entering, and each byte that crosses, which is copied out of the guest, to
 * another thread, and into an effect or an answer.
 */
export const HOST_CALL_FUEL = 4_000;
export const HOST_FUEL_PER_BYTE = 8;

/** Each item of a list that crosses, and each key that listing keys looks at, whatever its size: an object of the host's own. */
export const HOST_FUEL_PER_ITEM = 1_000;

/**
 * The longest stretch of a bulk instruction that runs without a look at the
 * fuel: a thread cannot be stopped inside one.
 */
export const BULK_CHUNK_BYTES = 65_536;

/**
 * The most that is executed in a straight line without a look at the fuel: a
 * fraction of a slice, so that no guest runs more than a slice past its limit.
 */
export const UNCHECKED_FUEL = 262_144;

/**
 * What a function may have executed since its last look, or its last call, when
 * it returns. Frames that return one after another add up: 4 MiB of frames of
 * at least `FRAME_BYTES` are 21,845, times this 1.4 million, a slice and a half.
 */
export const UNCHECKED_ON_RETURN = 64;

/**
 * How deep calls may nest, by the size that a frame has at most in the code of
 * V8's first compiler, which keeps every local in memory. Threads have four
 * times as much, since values in the middle of an expression are not counted.
 */
export const CALL_STACK_BYTES = 4 * 1024 * 1024;

/** Return address, frame pointer, instance, feedback and saved registers, rounded up. */
export const FRAME_BYTES = 192;
export const LOCAL_BYTES = 8;
export const VECTOR_LOCAL_BYTES = 16;
