/** Instructions that count: what a metered function is made of besides its own. */
import type { ByteWriter } from '../wasm/bytes.js';
import { EMPTY_BLOCK, OP } from '../wasm/opcodes.js';
import { sliceSubroutine, type Subroutine } from './subroutine.js';

export interface FuelCodeContext {
  readonly fuelGlobal: number;
  /** The function index of a subroutine. */
  subroutine(subroutine: Subroutine): number;
  /** Notes that the branch at this offset of the function is hardly ever taken. */
  unlikely(offset: number): void;
}

/** Writes to `out`, for a function whose fuel is in `fuelLocal`. */
export class FuelCode {
  readonly #out: ByteWriter;
  readonly #fuelLocal: number;
  readonly #context: FuelCodeContext;

  constructor(out: ByteWriter, fuelLocal: number, context: FuelCodeContext) {
    this.#out = out;
    this.#fuelLocal = fuelLocal;
    this.#context = context;
  }

  op(opcode: number, index: number): void {
    this.#out.u8(opcode);
    this.#out.u32(index);
  }

  getFuel(): void {
    this.op(OP.localGet, this.#fuelLocal);
  }

  setFuel(): void {
    this.op(OP.localSet, this.#fuelLocal);
  }

  const(value: number): void {
    this.#out.u8(OP.i32Const);
    this.#out.s32(value);
  }

  /** Subtracts from what is on the stack. */
  subtract(amount: number): void {
    if (amount === 0) return;
    this.const(amount);
    this.#out.u8(OP.i32Sub);
  }

  /** From the global, after what may have changed it. */
  load(): void {
    this.op(OP.globalGet, this.#context.fuelGlobal);
    this.setFuel();
  }

  /** A subroutine takes the fuel as its last parameter and gives it back as its last result. */
  subroutine(subroutine: Subroutine): void {
    this.getFuel();
    this.op(OP.call, this.#context.subroutine(subroutine));
    this.setFuel();
  }

  charge(fuel: number): void {
    if (fuel === 0) return;
    this.getFuel();
    this.subtract(fuel);
    this.setFuel();
  }

  /** @param holds the run is not to be suspended by this look. */
  chargeAndLook(fuel: number, holds = false): void {
    this.getFuel();
    this.subtract(fuel);
    if (fuel !== 0) this.op(OP.localTee, this.#fuelLocal);
    this.sliceIfBelowZero(holds);
  }

  /** Begins a new slice if what is on the stack is below 0. */
  sliceIfBelowZero(holds = false): void {
    this.ifBelowZero(() => this.subroutine(sliceSubroutine(holds)));
  }

  ifBelowZero(then: () => void): void {
    this.const(0);
    this.#out.u8(OP.i32LtS);
    this.#context.unlikely(this.#out.length);
    this.#out.u8(OP.if);
    this.#out.u8(EMPTY_BLOCK);
    then();
    this.#out.u8(OP.end);
  }
}
