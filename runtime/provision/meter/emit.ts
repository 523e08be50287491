/**
 * Writes a function anew with its charges. Inside a function the fuel is in a
 * local; `conventions.ts` says how it gets there and where it goes.
 */
import { ByteReader, type ByteWriter } from '../wasm/bytes.js';
import { EMPTY_BLOCK, OP } from '../wasm/opcodes.js';
import { sliceSubroutine, type Subroutine } from './subroutine.js';
import type { Convention } from './conventions.js';
import { BULK_CHUNK_BYTES, BYTES_PER_FUEL_SHIFT } from './costs.js';
import { EDIT, type Edit } from './edits.js';
import { ENTRY_POINT } from './flow.js';
import { FuelCode, type FuelCodeContext } from './fuel-code.js';
import type { Scan } from './scan.js';

export interface EmitContext extends FuelCodeContext {
  /** Where the run is not to be suspended: looks in loops that call nothing, and in others. */
  readonly holdsInSimpleLoops: boolean;
  readonly holdsInLoops: boolean;
  readonly depthGlobal: number;
  convention(functionIndex: number): Convention;
  /** The index that a direct call of a function uses now. */
  called(functionIndex: number): number;
  /** The index that a reference to a function uses now. */
  referenced(functionIndex: number): number;
  /** The block type that yields a function's results. */
  resultBlock(results: Uint8Array): number;
  /** The block type that takes three i32. */
  rangeBlock(): number;
}

export interface FunctionSource {
  readonly bytes: Uint8Array;
  /** Where the instructions begin and end in `bytes`. */
  readonly from: number;
  readonly to: number;
  readonly results: Uint8Array;
  readonly convention: Convention;
  readonly fuelLocal: number;
  readonly depthLocal: number;
  readonly sizeLocal: number;
  /** The new index of a local that has another now. */
  renamed(local: number): number;
}

/** A simple loop is four labels where one was: its own, the way out to the slice, the way back, the way on. */
const ADDED_LABELS = 3;

/** Whether a plain function has nothing but one charge, on entry, which needs no local. */
export function isChargedOnce(scan: Scan): boolean {
  return scan.pointFuel.length === ENTRY_POINT + 1 && scan.edits.every(isNoCharge);
}

function isNoCharge({ kind, argument }: Edit): boolean {
  if (kind === EDIT.end || kind === EDIT.return) return argument === 0; // no look
  return kind === EDIT.trap || kind === EDIT.functionReference || kind === EDIT.local;
}

/** Writes the instructions of a function, metered. `out` begins with the function's local declarations. */
export function emitBody(out: ByteWriter, source: FunctionSource, scan: Scan, context: EmitContext): void {
  new Emitter(out, source, scan, context).emit();
}

class Emitter {
  readonly #out: ByteWriter;
  readonly #code: FuelCode;
  readonly #source: FunctionSource;
  readonly #scan: Scan;
  readonly #context: EmitContext;
  readonly #convention: Convention;
  /** The fuel is charged to the global on entry, and that is all. */
  readonly #once: boolean;
  readonly #wrapped: boolean;

  constructor(out: ByteWriter, source: FunctionSource, scan: Scan, context: EmitContext) {
    this.#out = out;
    this.#code = new FuelCode(out, source.fuelLocal, context);
    this.#source = source;
    this.#scan = scan;
    this.#context = context;
    this.#convention = source.convention;
    this.#once = !source.convention.threaded && isChargedOnce(scan);
    this.#wrapped = !this.#once && scan.branchesOut;
  }

  emit(): void {
    const { bytes, from, to } = this.#source;
    this.#entry();
    // A branch to the function's label would pass by what is done at its end.
    if (this.#wrapped) {
      this.#out.u8(OP.block);
      this.#out.s32(this.#context.resultBlock(this.#source.results));
    }
    let at = from;
    for (const edit of this.#scan.edits) {
      this.#out.copy(bytes, at, edit.from);
      this.#apply(edit);
      at = edit.to;
    }
    this.#out.copy(bytes, at, to);
  }

  #fuelOf(point: number): number {
    return this.#scan.pointFuel[point] as number;
  }

  #apply(edit: Edit): void {
    const { argument } = edit;
    switch (edit.kind) {
      case EDIT.charge:
        this.#code.charge(this.#fuelOf(edit.point));
        break;
      case EDIT.chargeAndLook:
        this.#code.chargeAndLook(this.#fuelOf(edit.point));
        break;
      case EDIT.loop:
        this.#copy(edit);
        this.#code.chargeAndLook(this.#fuelOf(edit.point), this.#context.holdsInLoops);
        break;
      case EDIT.simpleLoop:
        this.#simpleLoop(edit);
        break;
      case EDIT.simpleLoopEnd:
        this.#simpleLoopEnd(edit.loop as Edit);
        break;
      case EDIT.branch:
        this.#branch(edit);
        break;
      case EDIT.call:
        this.#call(argument);
        break;
      case EDIT.indirectCall:
        this.#storeForCall();
        this.#copy(edit);
        this.#code.load();
        break;
      case EDIT.tailCall:
        this.#leave();
        this.#code.op(OP.returnCall, this.#context.called(argument));
        break;
      case EDIT.return:
        if (argument === 1) this.#look();
        this.#leave();
        this.#copy(edit);
        break;
      case EDIT.trap:
        this.#store();
        this.#copy(edit);
        break;
      case EDIT.throw:
        // What is handed on as a result would be taken for what is thrown.
        if (this.#convention.threaded) this.#store();
        else this.#leave();
        this.#copy(edit);
        break;
      case EDIT.handler:
        this.#code.load();
        this.#code.chargeAndLook(this.#fuelOf(edit.point));
        break;
      case EDIT.functionReference:
        this.#code.op(OP.refFunc, this.#context.referenced(argument));
        break;
      case EDIT.local:
        this.#code.op(this.#source.bytes[edit.from] as number, this.#source.renamed(argument));
        break;
      case EDIT.memoryGrow:
        this.#code.subroutine({ kind: 'memory-grow', memory: argument });
        break;
      case EDIT.memoryFill:
        this.#range(edit, { kind: 'memory-fill', memory: argument });
        break;
      case EDIT.memoryCopy:
        this.#range(edit, { kind: 'memory-copy', to: argument, from: edit.second });
        break;
      case EDIT.memoryInit:
        this.#code.subroutine({ kind: 'charge-bytes', memory: argument });
        this.#copy(edit);
        break;
      case EDIT.tableBulk:
        this.#code.subroutine({ kind: 'charge-entries', table: argument });
        this.#copy(edit);
        break;
      case EDIT.tableGrow:
        this.#code.subroutine({ kind: 'table-grow', table: argument });
        break;
      case EDIT.end:
        if (this.#wrapped) this.#out.u8(OP.end);
        if (argument === 1) this.#look();
        this.#leave();
        this.#out.u8(OP.end);
        break;
      default:
        throw new Error(`no edit of kind ${edit.kind}`);
    }
  }

  #copy(edit: Edit): void {
    this.#out.copy(this.#source.bytes, edit.from, edit.to);
  }

  /** Makes the global true. */
  #store(): void {
    if (this.#once) return;
    this.#code.getFuel();
    this.#code.op(OP.globalSet, this.#context.fuelGlobal);
  }

  /** Makes the globals true for what is outside. */
  #storeForCall(): void {
    this.#store();
    if (this.#convention.takesDepth) this.#storeDepth(0);
  }

  #storeDepth(added: number): void {
    this.#code.op(OP.localGet, this.#source.depthLocal);
    this.#code.subtract(-added);
    this.#code.op(OP.globalSet, this.#context.depthGlobal);
  }

  /** Hands the fuel to whoever called. */
  #leave(): void {
    if (this.#convention.threaded) {
      this.#code.getFuel();
      return;
    }
    this.#store();
    if (this.#convention.takesDepth) this.#storeDepth(this.#convention.frameBytes);
  }

  #call(index: number): void {
    const callee = this.#context.convention(index);
    if (!callee.threaded) {
      this.#storeForCall();
      this.#code.op(OP.call, this.#context.called(index));
      this.#code.load();
      return;
    }
    this.#code.getFuel();
    if (callee.takesDepth) this.#code.op(OP.localGet, this.#source.depthLocal);
    this.#code.op(OP.call, this.#context.called(index));
    this.#code.setFuel();
  }

  /**
   * Fills or copies memory: charged and done here if it is small and the slice
   * pays for it, which is nearly always, and otherwise by the subroutine.
   */
  #range(edit: Edit, subroutine: Subroutine): void {
    const { fuelLocal, sizeLocal } = this.#source;
    const sizeFuel = (): void => {
      this.#code.op(OP.localGet, sizeLocal);
      this.#code.const(BYTES_PER_FUEL_SHIFT);
      this.#out.u8(OP.i32ShrU);
    };
    this.#code.op(OP.localTee, sizeLocal);
    this.#code.getFuel();
    sizeFuel();
    this.#out.u8(OP.i32Sub);
    this.#code.op(OP.localTee, fuelLocal);
    this.#code.const(0);
    this.#out.u8(OP.i32LtS);
    this.#code.op(OP.localGet, sizeLocal);
    // Less by 1, a size of 0 is large: filling nothing is the subroutine's, too.
    const emptyIsLarge = subroutine.kind === 'memory-fill' ? 1 : 0;
    this.#code.subtract(emptyIsLarge);
    this.#code.const(BULK_CHUNK_BYTES - emptyIsLarge);
    this.#out.u8(OP.i32GtU);
    this.#out.u8(OP.i32Or);
    this.#context.unlikely(this.#out.length);
    this.#out.u8(OP.if);
    this.#out.s32(this.#context.rangeBlock());
    this.#code.getFuel();
    sizeFuel();
    this.#out.u8(OP.i32Add);
    this.#code.op(OP.call, this.#context.subroutine(subroutine));
    this.#code.setFuel();
    this.#out.u8(OP.else);
    this.#copy(edit);
    this.#out.u8(OP.end);
  }

  #entry(): void {
    const fuel = this.#fuelOf(ENTRY_POINT);
    const { fuelGlobal, depthGlobal } = this.#context;
    const { threaded, takesDepth, frameBytes, checksOnEntry } = this.#convention;
    if (this.#once) {
      if (fuel === 0) return;
      this.#code.op(OP.globalGet, fuelGlobal);
      this.#code.subtract(fuel);
      this.#code.op(OP.globalSet, fuelGlobal);
      return;
    }
    // What can come back to itself calls something, so it looks on entry.
    const countsDepth = frameBytes > 0;
    if (takesDepth && (countsDepth || !threaded)) {
      if (threaded) this.#code.op(OP.localGet, this.#source.depthLocal);
      else this.#code.op(OP.globalGet, depthGlobal);
      this.#code.subtract(frameBytes);
      this.#code.op(OP.localSet, this.#source.depthLocal);
    }
    if (threaded && !checksOnEntry) {
      this.#code.charge(fuel);
      return;
    }
    if (threaded) this.#code.getFuel();
    else this.#code.op(OP.globalGet, fuelGlobal);
    this.#code.subtract(fuel);
    if (!checksOnEntry) {
      this.#code.setFuel();
      return;
    }
    this.#code.op(OP.localTee, this.#source.fuelLocal);
    if (!countsDepth) {
      this.#code.sliceIfBelowZero();
      return;
    }
    // One look for both: either is below 0 if and only if the two together are.
    this.#code.op(OP.localGet, this.#source.depthLocal);
    this.#out.u8(OP.i32Or);
    this.#code.ifBelowZero(() => {
      this.#code.getFuel();
      this.#code.op(OP.localGet, this.#source.depthLocal);
      this.#code.op(OP.call, this.#context.subroutine({ kind: 'enter' }));
      this.#code.setFuel();
    });
  }

  /** Looks whether the fuel is used up. */
  #look(): void {
    this.#code.chargeAndLook(0);
  }

  /**
   * Keeps the call at a slice's end out of the loop: V8 unrolls no loop with a
   * call in it, and keeps no value in a register across one. The same loop,
   * around which (block $on (loop $back (block $slice (loop ... ) (br $on)) refill (br $back))).
   */
  #simpleLoop(edit: Edit): void {
    const { bytes } = this.#source;
    const type = (opcode: number): void => {
      this.#out.u8(opcode);
      this.#out.copy(bytes, edit.argument, edit.to);
    };
    type(OP.block);
    type(OP.loop);
    this.#out.u8(OP.block);
    this.#out.u8(EMPTY_BLOCK);
    type(OP.loop);
    this.#code.getFuel();
    this.#code.subtract(this.#fuelOf(edit.point));
    this.#code.op(OP.localTee, this.#source.fuelLocal);
    this.#code.const(0);
    this.#out.u8(OP.i32LtS);
    this.#context.unlikely(this.#out.length);
    this.#code.op(OP.brIf, 1); // $slice
  }

  /** The turn that found the slice used up has been charged, and will be again. */
  #simpleLoopEnd(head: Edit): void {
    this.#code.op(OP.br, 2); // $on
    this.#out.u8(OP.end);
    this.#code.getFuel();
    this.#code.op(OP.call, this.#context.subroutine(sliceSubroutine(this.#context.holdsInSimpleLoops)));
    this.#code.subtract(-this.#fuelOf(head.point));
    this.#code.setFuel();
    this.#code.op(OP.br, 0); // $back
    this.#out.u8(OP.end);
    this.#out.u8(OP.end);
  }

  #branch(edit: Edit): void {
    if (edit.loop?.kind !== EDIT.simpleLoop) {
      this.#copy(edit);
      return;
    }
    const reader = new ByteReader(this.#source.bytes, edit.from);
    const opcode = reader.u8();
    const label = (): number => {
      const depth = reader.u32();
      return depth > edit.argument ? depth + ADDED_LABELS : depth;
    };
    this.#out.u8(opcode);
    if (opcode !== OP.brTable) {
      this.#out.u32(label());
      return;
    }
    const count = reader.u32();
    this.#out.u32(count);
    for (let i = 0; i <= count; i++) this.#out.u32(label());
  }
}
