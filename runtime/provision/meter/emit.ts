/**
 * Writes a function anew with its charges.
 *
 * Two forms. A function with loops keeps the counter in a local: loaded on
 * entry, stored around calls and when it leaves. One without writes each charge
 * through to the global, where it is true at all times, and reads the global
 * only when a call may have changed it: every read waits for the write before.
 */
import type { ByteWriter } from '../wasm/bytes.js';
import { EMPTY_BLOCK, I32, OP } from '../wasm/opcodes.js';
import type { Helper } from './added-functions.js';
import { EDIT, ENTRY_POINT, type Edit, type Scan } from './scan.js';

export interface EmitContext {
  readonly fuelGlobal: number;
  readonly importedFunctions: number;
  /** How far the indices of the module's own functions move. */
  readonly functionShift: number;
  helper(helper: Helper): number;
  /** The block type that yields a function's results. */
  resultBlock(results: Uint8Array): number;
  /** Notes that the branch at this offset of the function is hardly ever taken. */
  unlikely(offset: number): void;
}

export interface FunctionSource {
  readonly bytes: Uint8Array;
  /** Where the instructions begin and end in `bytes`. */
  readonly from: number;
  readonly to: number;
  /** The index of the first local that is free. */
  readonly freeLocal: number;
  readonly results: Uint8Array;
}

/** Whether a scanned function needs the added local: one that is charged once, on entry, does not. */
export function needsLocal(scan: Scan): boolean {
  return scan.loops > 0 || scan.calls > 0 || scan.pointFuel.length > ENTRY_POINT + 1;
}

/** Writes the instructions of a function, metered. `out` begins with the function's local declarations. */
export function emitBody(out: ByteWriter, source: FunctionSource, scan: Scan, context: EmitContext): void {
  new Emitter(out, source, scan, context).emit();
}

class Emitter {
  readonly #out: ByteWriter;
  readonly #source: FunctionSource;
  readonly #scan: Scan;
  readonly #context: EmitContext;
  readonly #inLocal: boolean;
  readonly #wrapped: boolean;

  constructor(out: ByteWriter, source: FunctionSource, scan: Scan, context: EmitContext) {
    this.#out = out;
    this.#source = source;
    this.#scan = scan;
    this.#context = context;
    this.#inLocal = scan.loops > 0;
    this.#wrapped = this.#inLocal && scan.branchesOut;
  }

  emit(): void {
    const { bytes, from, to } = this.#source;
    this.#entry();
    // A branch to the function's label would pass by the store at its end.
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
    switch (edit.kind) {
      case EDIT.charge:
        this.#charge(this.#fuelOf(edit.point), edit.cached);
        break;
      case EDIT.loop:
        this.#loopHead(this.#fuelOf(edit.point));
        break;
      case EDIT.call:
        this.#store();
        this.#call(edit.argument);
        this.#reload();
        break;
      case EDIT.indirectCall:
      case EDIT.tableBulk:
      case EDIT.memoryInit:
        this.#store();
        if (edit.kind === EDIT.memoryInit) this.#callHelper({ kind: 'charge-bytes' });
        if (edit.kind === EDIT.tableBulk) this.#callHelper({ kind: 'charge-entries' });
        if (edit.kind !== EDIT.indirectCall) this.#reload();
        this.#copy(edit);
        if (edit.kind === EDIT.indirectCall) this.#reload();
        break;
      case EDIT.tailCall:
        this.#store();
        this.#out.u8(OP.returnCall);
        this.#out.u32(this.#shifted(edit.argument));
        break;
      case EDIT.leave:
        this.#store();
        this.#copy(edit);
        break;
      case EDIT.handler:
        this.#copy(edit);
        this.#reload();
        this.#charge(this.#fuelOf(edit.point), false);
        break;
      case EDIT.functionReference:
        this.#out.u8(OP.refFunc);
        this.#out.u32(this.#shifted(edit.argument));
        break;
      case EDIT.memoryGrow:
        this.#helperInstead({ kind: 'memory-grow', memory: edit.argument });
        break;
      case EDIT.memoryFill:
        this.#helperInstead({ kind: 'memory-fill', memory: edit.argument });
        break;
      case EDIT.memoryCopy:
        this.#helperInstead({ kind: 'memory-copy', to: edit.argument, from: edit.point });
        break;
      case EDIT.tableGrow:
        this.#helperInstead({ kind: 'table-grow', table: edit.argument });
        break;
      case EDIT.end:
        if (this.#wrapped) this.#out.u8(OP.end);
        this.#store();
        this.#out.u8(OP.end);
        break;
      default:
        throw new Error(`no edit of kind ${edit.kind}`);
    }
  }

  #copy(edit: Edit): void {
    this.#out.copy(this.#source.bytes, edit.from, edit.to);
  }

  #shifted(index: number): number {
    return index < this.#context.importedFunctions ? index : index + this.#context.functionShift;
  }

  #call(index: number): void {
    this.#out.u8(OP.call);
    this.#out.u32(this.#shifted(index));
  }

  #callHelper(helper: Helper): void {
    this.#out.u8(OP.call);
    this.#out.u32(this.#context.helper(helper));
  }

  #helperInstead(helper: Helper): void {
    this.#store();
    this.#callHelper(helper);
    this.#reload();
  }

  #local(opcode: number): void {
    this.#out.u8(opcode);
    this.#out.u32(this.#source.freeLocal);
  }

  #global(opcode: number): void {
    this.#out.u8(opcode);
    this.#out.u32(this.#context.fuelGlobal);
  }

  /** Makes the global true before control may leave this function. */
  #store(): void {
    if (!this.#inLocal) return;
    this.#local(OP.localGet);
    this.#global(OP.globalSet);
  }

  #reload(): void {
    if (!this.#inLocal) return;
    this.#global(OP.globalGet);
    this.#local(OP.localSet);
  }

  /** Subtracts from what is on the stack. */
  #subtract(fuel: number): void {
    if (fuel === 0) return;
    this.#out.u8(OP.i32Const);
    this.#out.s32(fuel);
    this.#out.u8(OP.i32Sub);
  }

  #charge(fuel: number, cached: boolean): void {
    if (this.#inLocal) {
      if (fuel === 0) return;
      this.#local(OP.localGet);
      this.#subtract(fuel);
      this.#local(OP.localSet);
      return;
    }
    if (fuel === 0 && cached) return;
    if (cached) this.#local(OP.localGet);
    else this.#global(OP.globalGet);
    this.#subtract(fuel);
    this.#local(OP.localTee);
    this.#global(OP.globalSet);
  }

  #entry(): void {
    const fuel = this.#fuelOf(ENTRY_POINT);
    if (!needsLocal(this.#scan)) {
      if (fuel === 0) return;
      this.#global(OP.globalGet);
      this.#subtract(fuel);
      this.#global(OP.globalSet);
      return;
    }
    const checks = this.#scan.calls > 0;
    this.#global(OP.globalGet);
    this.#subtract(fuel);
    if (!this.#inLocal) {
      this.#local(OP.localTee);
      this.#global(OP.globalSet);
      if (!checks) return;
      this.#local(OP.localGet);
    } else {
      this.#local(checks ? OP.localTee : OP.localSet);
      if (!checks) return;
    }
    this.#check();
  }

  #loopHead(fuel: number): void {
    this.#local(OP.localGet);
    this.#subtract(fuel);
    this.#local(OP.localTee);
    this.#check();
  }

  /** Begins a new slice if the counter, which is on the stack and in the local, is below 0. */
  #check(): void {
    this.#out.u8(OP.i32Const);
    this.#out.s32(0);
    this.#out.u8(OP.i32LtS);
    this.#context.unlikely(this.#out.length);
    this.#out.u8(OP.if);
    this.#out.u8(EMPTY_BLOCK);
    this.#local(OP.localGet);
    this.#callHelper({ kind: 'slice' });
    this.#local(this.#inLocal ? OP.localSet : OP.localTee);
    if (!this.#inLocal) this.#global(OP.globalSet);
    this.#out.u8(OP.end);
  }
}

/** The declaration of the added local. */
export const ADDED_LOCAL = { count: 1, type: I32 } as const;
