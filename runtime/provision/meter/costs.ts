/**
 * What executing costs, in fuel. This table is published: a change of it is a
 * change of every task's limits, and of `INSTRUMENTATION_VERSION`.
 *
 * One unit is about the time of one simple instruction in optimised code.
 * Markers that emit no machine code are free; what is known to be slow costs
 * more; what works on a range costs by its size.
 */
import { BULK, OP } from '../wasm/opcodes.js';

/**
 * Names this rewriting: the passes, the table and the adapted glue. Part of every cache key and
 * every checkpoint, so that fuel from different tables never meets.
 */
export const INSTRUMENTATION_VERSION = '2';

/** Fuel of each one-byte instruction. */
export const costs = new Uint16Array(256).fill(1);

function cost(fuel: number, ...opcodes: number[]): void {
  for (const opcode of opcodes) costs[opcode] = fuel;
}

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
);
/** A bounds-checked jump through a table. */
cost(2, OP.brTable);
/** Saving registers, the stack check and the return. */
cost(5, OP.call, OP.returnCall);
/** The same, plus the bounds and signature checks. */
cost(8, OP.callIndirect, OP.returnCallIndirect);
/** Integer division and remainder, 32 and 64 bits. */
cost(8, 0x6d, 0x6e, 0x6f, 0x70, 0x7f, 0x80, 0x81, 0x82);
/** Floating-point division and square root. */
cost(8, 0x95, 0x91, 0xa3, 0x9f);
/** Unwinding looks up handlers in the engine. */
cost(2_000, OP.throw, OP.rethrow);
/** The attempt, a call into the host; what it gains is charged by `FUEL_PER_PAGE`. */
cost(500, OP.memoryGrow);
cost(0, OP.bulk, OP.vector);

/** Fuel of each 0xfc instruction, apart from what its size costs. */
export const bulkCosts = new Uint16Array(18).fill(1);
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

/** A SIMD instruction works on 16 bytes at once. */
export const VECTOR_COST = 2;

/** Bulk memory instructions cost one unit for each 2^3 bytes. */
export const BYTES_PER_FUEL_SHIFT = 3;

/** Table instructions cost one unit for each entry. */
export const FUEL_PER_TABLE_ENTRY = 1;

/** The kernel zeroes a page that is gained when it is first touched. */
export const FUEL_PER_PAGE = 8_192;

/** Host calls, charged when they are made: entering, and each byte that crosses. */
export const HOST_CALL_FUEL = 2_000;
export const HOST_BYTES_PER_FUEL_SHIFT = 1;

/**
 * The longest stretch of a bulk instruction that runs without a look at the
 * fuel: a thread cannot be stopped inside one.
 */
export const BULK_CHUNK_BYTES = 65_536;
