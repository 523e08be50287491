/** Writes the code of added functions. */
import { ByteWriter } from '../wasm/bytes.js';
import { EMPTY_BLOCK, I32, OP } from '../wasm/opcodes.js';
import type { Subroutine } from './subroutine.js';
import { BULK_CHUNK_BYTES, BYTES_PER_FUEL_SHIFT } from './costs.js';

export interface SubroutineContext {
  readonly fuelGlobal: number;
  readonly sliceImport: number;
  readonly growImport: number;
  readonly deepImport: number;
  /** Only in a module that can be suspended. */
  readonly holdImport: number;
  /** The function index of a subroutine. */
  subroutine(subroutine: Subroutine): number;
  /** The reference type of a table. */
  tableElement(table: number): number;
}

/** The body of a function: local declarations, then instructions. */
export class Assembler {
  readonly #writer = new ByteWriter();
  readonly #fuelLocal: number;
  readonly context: SubroutineContext;

  /** @param fuelLocal the parameter that holds the fuel. */
  constructor(context: SubroutineContext, fuelLocal: number) {
    this.context = context;
    this.#fuelLocal = fuelLocal;
  }

  /** Declares this many i32 locals behind the parameters; comes first. */
  locals(count: number): this {
    this.#writer.u32(count === 0 ? 0 : 1);
    if (count === 0) return this;
    this.#writer.u32(count);
    this.#writer.u8(I32);
    return this;
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
    this.get(this.#fuelLocal);
    amount();
    this.op(OP.i32Sub).tee(this.#fuelLocal).i32(0).op(OP.i32LtS);
    return this.if(() => {
      this.get(this.#fuelLocal);
      this.op(OP.call, this.context.subroutine({ kind: 'slice' }));
      this.set(this.#fuelLocal);
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
