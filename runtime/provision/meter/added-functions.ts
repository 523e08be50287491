/**
 * Functions added to a metered module: the end of a slice, and the
 * instructions that work on ranges, charged by size and split.
 */
import { ByteWriter } from '../wasm/bytes.js';
import { BULK, EMPTY_BLOCK, I32, OP } from '../wasm/opcodes.js';
import { BULK_CHUNK_BYTES, BYTES_PER_FUEL_SHIFT, FUEL_PER_PAGE, FUEL_PER_TABLE_ENTRY } from './costs.js';

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
 */
export const IMPORTS = [
  { name: 'slice', params: [I32], results: [I32] },
  { name: 'grow', params: [I32, I32], results: [I32] },
] as const;

export const TABLE_SPACE = 0x10000;

export type Helper =
  | { readonly kind: 'slice' }
  | { readonly kind: 'charge-bytes' }
  | { readonly kind: 'charge-entries' }
  | { readonly kind: 'memory-grow'; readonly memory: number }
  | { readonly kind: 'memory-fill'; readonly memory: number }
  | { readonly kind: 'memory-copy'; readonly to: number; readonly from: number }
  | { readonly kind: 'table-grow'; readonly table: number };

export interface HelperType {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

export interface HelperContext {
  readonly fuelGlobal: number;
  readonly sliceImport: number;
  readonly growImport: number;
  /** The function index of a helper. */
  helper(helper: Helper): number;
  /** The reference type of a table. */
  tableElement(table: number): number;
}

export function helperType(helper: Helper, context: Pick<HelperContext, 'tableElement'>): HelperType {
  switch (helper.kind) {
    case 'slice':
    case 'charge-bytes':
    case 'charge-entries':
    case 'memory-grow':
      return { params: [I32], results: [I32] };
    case 'memory-fill':
    case 'memory-copy':
      return { params: [I32, I32, I32], results: [] };
    case 'table-grow':
      return { params: [context.tableElement(helper.table), I32], results: [I32] };
  }
}

/** The code of a helper: local declarations and instructions, without the size in front. */
export function helperBody(helper: Helper, context: HelperContext): Uint8Array {
  const code = new Assembler(context);
  switch (helper.kind) {
    case 'slice':
      sliceBody(code, context);
      break;
    case 'charge-bytes':
      code.locals(0);
      code.charge(() => code.get(0).i32(BYTES_PER_FUEL_SHIFT).op(OP.i32ShrU));
      code.get(0);
      break;
    case 'charge-entries':
      code.locals(0);
      code.charge(() => code.get(0).i32(FUEL_PER_TABLE_ENTRY).op(OP.i32Mul));
      code.get(0);
      break;
    case 'memory-grow':
      growBody(code, context, { space: helper.memory, count: 0, unitFuel: FUEL_PER_PAGE }, () =>
        code.get(0).op(OP.memoryGrow, helper.memory),
      );
      break;
    case 'table-grow':
      growBody(code, context, { space: TABLE_SPACE + helper.table, count: 1, unitFuel: FUEL_PER_TABLE_ENTRY }, () =>
        code.get(0).get(1).op(OP.bulk, BULK.tableGrow, helper.table),
      );
      break;
    case 'memory-fill':
      fillBody(code, helper.memory);
      break;
    case 'memory-copy':
      copyBody(code, helper.to, helper.from);
      break;
  }
  return code.finish();
}

/** A trap instead of an exception: no handler of the guest can catch it. */
function sliceBody(code: Assembler, context: HelperContext): void {
  code.locals(0);
  code.get(0).op(OP.call, context.sliceImport).tee(0);
  code
    .i32(0)
    .op(OP.i32LtS)
    .if(() => code.op(OP.unreachable));
  code.get(0);
}

/** Asks, grows, and charges what was gained: at most 2^16 pages, so the product fits. */
function growBody(
  code: Assembler,
  context: HelperContext,
  what: { space: number; count: number; unitFuel: number },
  grow: () => void,
): void {
  const result = what.count + 1;
  code.locals(1);
  code.i32(-1).set(result);
  code.i32(what.space).get(what.count).op(OP.call, context.growImport);
  code.if(() => {
    grow();
    code.tee(result).i32(-1).op(OP.i32Eq).op(OP.i32Eqz);
    code.if(() => code.charge(() => code.get(what.count).i32(what.unitFuel).op(OP.i32Mul)));
  });
  code.get(result);
}

const TO = 0;
const VALUE = 1;
const FROM = 1;
const COUNT = 2;

/** Whether `address + COUNT` lies beyond the memory's end, in 64 bits. */
function beyondEnd(code: Assembler, address: number, memory: number): void {
  code.get(address).op(OP.i64ExtendI32U).get(COUNT).op(OP.i64ExtendI32U).op(OP.i64Add);
  code.op(OP.memorySize, memory).op(OP.i64ExtendI32U).op(OP.i64Const, 16).op(OP.i64Shl);
  code.op(OP.i64GtU);
}

/** In chunks from the front; out of bounds is left to the instruction itself, which then writes nothing. */
function fillBody(code: Assembler, memory: number): void {
  const fill = (): Assembler => code.op(OP.bulk, BULK.memoryFill, memory);
  code.locals(0);
  code.get(COUNT).i32(BULK_CHUNK_BYTES).op(OP.i32LeU);
  beyondEnd(code, TO, memory);
  code.op(OP.i32Or).if(() => {
    code.chargeBytes(COUNT);
    code.get(TO).get(VALUE).get(COUNT);
    fill().op(OP.return);
  });
  code.loop(() => {
    code.chargeChunk();
    code.get(TO).get(VALUE).i32(BULK_CHUNK_BYTES);
    fill();
    code.add(TO, BULK_CHUNK_BYTES).add(COUNT, -BULK_CHUNK_BYTES);
    code.get(COUNT).i32(BULK_CHUNK_BYTES).op(OP.i32GtU).op(OP.brIf, 0);
  });
  code.chargeBytes(COUNT);
  code.get(TO).get(VALUE).get(COUNT);
  fill();
}

/** In chunks, from the end where the ranges may overlap upwards. */
function copyBody(code: Assembler, to: number, from: number): void {
  const copy = (): Assembler => code.op(OP.bulk, BULK.memoryCopy, to, from);
  code.locals(0);
  code.get(COUNT).i32(BULK_CHUNK_BYTES).op(OP.i32LeU);
  beyondEnd(code, TO, to);
  code.op(OP.i32Or);
  beyondEnd(code, FROM, from);
  code.op(OP.i32Or).if(() => {
    code.chargeBytes(COUNT);
    code.get(TO).get(FROM).get(COUNT);
    copy().op(OP.return);
  });
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
  copy();
}

/** Writes instructions. */
class Assembler {
  readonly #writer = new ByteWriter();
  readonly #context: HelperContext;

  constructor(context: HelperContext) {
    this.#context = context;
  }

  /** Declares this many i32 locals behind the parameters; comes first. */
  locals(count: number): void {
    this.#writer.u32(count === 0 ? 0 : 1);
    if (count === 0) return;
    this.#writer.u32(count);
    this.#writer.u8(I32);
  }

  op(opcode: number, ...operands: number[]): this {
    this.#writer.u8(opcode);
    for (const operand of operands) this.#writer.u32(operand);
    return this;
  }

  get(local: number): this {
    return this.op(OP.localGet, local);
  }

  set(local: number): this {
    return this.op(OP.localSet, local);
  }

  tee(local: number): this {
    return this.op(OP.localTee, local);
  }

  i32(value: number): this {
    this.#writer.u8(OP.i32Const);
    this.#writer.s32(value);
    return this;
  }

  add(local: number, value: number): this {
    return this.get(local).i32(value).op(OP.i32Add).set(local);
  }

  if(then: () => void, otherwise?: () => void): this {
    this.#writer.u8(OP.if);
    this.#writer.u8(EMPTY_BLOCK);
    then();
    if (otherwise !== undefined) {
      this.op(OP.else);
      otherwise();
    }
    return this.op(OP.end);
  }

  loop(body: () => void): this {
    this.#writer.u8(OP.loop);
    this.#writer.u8(EMPTY_BLOCK);
    body();
    return this.op(OP.end);
  }

  /** Takes what `amount` pushes from the fuel, and begins a new slice if that used it up. */
  charge(amount: () => void): this {
    const { fuelGlobal } = this.#context;
    this.op(OP.globalGet, fuelGlobal);
    amount();
    this.op(OP.i32Sub).op(OP.globalSet, fuelGlobal);
    this.op(OP.globalGet, fuelGlobal).i32(0).op(OP.i32LtS);
    return this.if(() => {
      this.op(OP.globalGet, fuelGlobal);
      this.op(OP.call, this.#context.helper({ kind: 'slice' }));
      this.op(OP.globalSet, fuelGlobal);
    });
  }

  chargeBytes(local: number): this {
    return this.charge(() => this.get(local).i32(BYTES_PER_FUEL_SHIFT).op(OP.i32ShrU));
  }

  chargeChunk(): this {
    return this.charge(() => this.i32(BULK_CHUNK_BYTES >>> BYTES_PER_FUEL_SHIFT));
  }

  finish(): Uint8Array {
    this.op(OP.end);
    return this.#writer.finish();
  }
}
