/**
 * Functions added to a metered module: the end of a slice, and the
 * instructions that work on ranges, charged by size and split.
 */
import { BULK, I32, OP } from '../wasm/opcodes.js';
import { Assembler, type SubroutineContext } from './assembler.js';
import type { Subroutine } from './subroutine.js';
import { BULK_CHUNK_BYTES, FUEL_PER_PAGE, FUEL_PER_TABLE_ENTRY } from './costs.js';

/** What the module imports from the host, in the order of `IMPORTS`. */
export const METER_MODULE = 'sterna:meter';
/** The name under which everything the passes add is exported. */
export const RESERVED_PREFIX = 'sterna:';
export const FUEL_EXPORT = 'sterna:fuel';
export const START_EXPORT = 'sterna:start';

/**
 * `slice(fuel) -> fuel` is called when the counter is below 0, and answers with
 * what the next slice holds, or below 0 to end the run by a trap.
 * `grow(space, count) -> allowed` is asked before a memory (space = its index)
 * or a table (space = its index + TABLE_SPACE) grows.
 * `deep()` is told that calls nest too deep; the run ends by a trap.
 * `hold(fuel) -> fuel` is `slice` where the run is not to be suspended.
 */
export const IMPORTS = [
  { name: 'slice', params: [I32], results: [I32] },
  { name: 'grow', params: [I32, I32], results: [I32] },
  { name: 'deep', params: [], results: [] },
] as const;

/** Behind them in a module that can be suspended. */
export const HOLD_IMPORT = { name: 'hold', params: [I32], results: [I32] } as const;

export const TABLE_SPACE = 0x10000;

export interface SubroutineType {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

export function subroutineType(
  subroutine: Subroutine,
  context: Pick<SubroutineContext, 'tableElement'>,
): SubroutineType {
  switch (subroutine.kind) {
    case 'slice':
      return { params: [I32], results: [I32] };
    case 'enter':
      return { params: [I32, I32], results: [I32] };
    case 'charge-bytes':
    case 'charge-entries':
    case 'memory-grow':
      return { params: [I32, I32], results: [I32, I32] };
    case 'memory-fill':
    case 'memory-copy':
      return { params: [I32, I32, I32, I32], results: [I32] };
    case 'table-grow':
      return { params: [context.tableElement(subroutine.table), I32, I32], results: [I32, I32] };
  }
}

/** The code of a subroutine: local declarations and instructions, without the size in front. */
export function subroutineBody(subroutine: Subroutine, context: SubroutineContext): Uint8Array {
  switch (subroutine.kind) {
    case 'slice':
      return sliceBody(new Assembler(context, 0), subroutine.holds ? context.holdImport : context.sliceImport);
    case 'enter':
      return enterBody(new Assembler(context, 0));
    case 'charge-bytes': {
      const code = new Assembler(context, 1).locals(0);
      code.get(0).op(OP.i64ExtendI32U);
      memoryBytes(code, subroutine.memory).op(OP.i64GtU).op(OP.i32Eqz);
      return code
        .if(() => code.chargeBytes(0))
        .get(0)
        .get(1)
        .finish();
    }
    case 'charge-entries': {
      const code = new Assembler(context, 1).locals(0);
      code.get(0).op(OP.bulk, BULK.tableSize, subroutine.table).op(OP.i32LeU);
      return code
        .if(() => code.charge(() => code.get(0).i32(FUEL_PER_TABLE_ENTRY).op(OP.i32Mul)))
        .get(0)
        .get(1)
        .finish();
    }
    case 'memory-grow': {
      const code = new Assembler(context, 1);
      return growBody(code, { space: subroutine.memory, count: 0, unitFuel: FUEL_PER_PAGE }, () =>
        code.get(0).op(OP.memoryGrow, subroutine.memory),
      );
    }
    case 'table-grow': {
      const code = new Assembler(context, 2);
      return growBody(code, { space: TABLE_SPACE + subroutine.table, count: 1, unitFuel: FUEL_PER_TABLE_ENTRY }, () =>
        code.get(0).get(1).op(OP.bulk, BULK.tableGrow, subroutine.table),
      );
    }
    case 'memory-fill':
      return fillBody(new Assembler(context, RANGE_FUEL), subroutine.memory);
    case 'memory-copy':
      return copyBody(new Assembler(context, RANGE_FUEL), subroutine.to, subroutine.from);
  }
}

/** A trap instead of an exception: no handler of the guest can catch it. */
function sliceBody(code: Assembler, ask: number): Uint8Array {
  code.locals(0);
  code.get(0).op(OP.call, ask).tee(0);
  code
    .i32(0)
    .op(OP.i32LtS)
    .if(() => code.op(OP.unreachable));
  return code.get(0).finish();
}

/** Below 0 is the fuel, or the depth: what is wrong with the depth cannot be mended. */
function enterBody(code: Assembler): Uint8Array {
  code.locals(0);
  code
    .get(1)
    .i32(0)
    .op(OP.i32LtS)
    .if(() =>
      code.get(0).op(OP.globalSet, code.context.fuelGlobal).op(OP.call, code.context.deepImport).op(OP.unreachable),
    );
  return code
    .get(0)
    .op(OP.call, code.context.subroutine({ kind: 'slice' }))
    .finish();
}

/**
 * What was gained is charged in so many parts: all of it, 2^16 pages, is 2^32 of fuel, which no counter holds. A part
 * of it is 2^30 at most, and each ends with a look.
 */
const GROWTH_PARTS = 4;

/** Asks, grows, and charges what was gained. It looks at the fuel also where nothing was. */
function growBody(
  code: Assembler,
  what: { space: number; count: number; unitFuel: number },
  grow: () => void,
): Uint8Array {
  const result = what.count + 2;
  code.locals(1);
  code.i32(-1).set(result);
  code.i32(what.space).get(what.count).op(OP.call, code.context.growImport);
  code.if(() => {
    grow();
    code.tee(result).i32(-1).op(OP.i32Eq).op(OP.i32Eqz);
    code.if(() => {
      const partFuel = what.unitFuel / GROWTH_PARTS;
      for (let i = 0; i < GROWTH_PARTS; i++) code.charge(() => code.get(what.count).i32(partFuel).op(OP.i32Mul));
    });
  });
  return code
    .charge(() => code.i32(0))
    .get(result)
    .get(what.count + 1)
    .finish();
}

const TO = 0;
const VALUE = 1;
const FROM = 1;
const COUNT = 2;
/** The fuel, behind the three operands. */
const RANGE_FUEL = 3;

/** The size of a memory, in 64 bits. */
function memoryBytes(code: Assembler, memory: number): Assembler {
  return code.op(OP.memorySize, memory).op(OP.i64ExtendI32U).op(OP.i64Const, 16).op(OP.i64Shl);
}

/** Whether `address + COUNT` lies beyond the memory's end, in 64 bits. */
function beyondEnd(code: Assembler, address: number, memory: number): void {
  code.get(address).op(OP.i64ExtendI32U).get(COUNT).op(OP.i64ExtendI32U).op(OP.i64Add);
  memoryBytes(code, memory).op(OP.i64GtU);
}

/** A range of at most a chunk is charged and done at once. */
function ifSmall(code: Assembler, whole: () => void): void {
  code
    .get(COUNT)
    .i32(BULK_CHUNK_BYTES)
    .op(OP.i32LeU)
    .if(() => {
      code.chargeBytes(COUNT);
      whole();
    });
}

/**
 * In chunks from the front; out of bounds is left to the instruction itself,
 * which then traps and writes nothing, and is charged nothing for its size.
 */
function fillBody(code: Assembler, memory: number): Uint8Array {
  const fill = (): Assembler => code.op(OP.bulk, BULK.memoryFill, memory);
  const whole = (): void => {
    code.get(TO).get(VALUE).get(COUNT);
    fill().get(RANGE_FUEL).op(OP.return);
  };
  code.locals(0);
  // Filling nothing takes glibc 25 times as long as filling something; copying nothing checks the same bound.
  code
    .get(COUNT)
    .op(OP.i32Eqz)
    .if(() => {
      code.chargeBytes(COUNT);
      code.get(TO).get(TO).i32(0).op(OP.bulk, BULK.memoryCopy, memory, memory).get(RANGE_FUEL).op(OP.return);
    });
  ifSmall(code, whole);
  beyondEnd(code, TO, memory);
  code.if(whole);
  code.loop(() => {
    code.chargeChunk();
    code.get(TO).get(VALUE).i32(BULK_CHUNK_BYTES);
    fill();
    code.add(TO, BULK_CHUNK_BYTES).add(COUNT, -BULK_CHUNK_BYTES);
    code.get(COUNT).i32(BULK_CHUNK_BYTES).op(OP.i32GtU).op(OP.brIf, 0);
  });
  code.chargeBytes(COUNT);
  code.get(TO).get(VALUE).get(COUNT);
  return fill().get(RANGE_FUEL).finish();
}

/** In chunks, from the end where the ranges may overlap upwards. */
function copyBody(code: Assembler, to: number, from: number): Uint8Array {
  const copy = (): Assembler => code.op(OP.bulk, BULK.memoryCopy, to, from);
  const whole = (): void => {
    code.get(TO).get(FROM).get(COUNT);
    copy().get(RANGE_FUEL).op(OP.return);
  };
  code.locals(0);
  ifSmall(code, whole);
  beyondEnd(code, TO, to);
  beyondEnd(code, FROM, from);
  code.op(OP.i32Or).if(whole);
  code
    .get(FROM)
    .get(TO)
    .op(OP.i32LtU)
    .if(
      () => {
        code.loop(() => {
          code.chargeChunk();
          code.add(COUNT, -BULK_CHUNK_BYTES);
          code.get(TO).get(COUNT).op(OP.i32Add).get(FROM).get(COUNT).op(OP.i32Add).i32(BULK_CHUNK_BYTES);
          copy();
          code.get(COUNT).i32(BULK_CHUNK_BYTES).op(OP.i32GtU).op(OP.brIf, 0);
        });
      },
      () => {
        code.loop(() => {
          code.chargeChunk();
          code.get(TO).get(FROM).i32(BULK_CHUNK_BYTES);
          copy();
          code.add(TO, BULK_CHUNK_BYTES).add(FROM, BULK_CHUNK_BYTES).add(COUNT, -BULK_CHUNK_BYTES);
          code.get(COUNT).i32(BULK_CHUNK_BYTES).op(OP.i32GtU).op(OP.brIf, 0);
        });
      },
    );
  code.chargeBytes(COUNT);
  code.get(TO).get(FROM).get(COUNT);
  return copy().get(RANGE_FUEL).finish();
}
