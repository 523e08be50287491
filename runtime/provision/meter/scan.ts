/**
 * Finds where a function is charged, and how much.
 *
 * A charge point is a place whose every execution is followed by the execution
 * of all instructions whose cost it carries. A new one is needed where control
 * flow forks or joins; code behind a block belongs to the point before it when
 * nothing inside leaves the block but through its end. So the sum over executed
 * points is exactly the sum over executed instructions, with these exceptions,
 * all of which over-charge a run that does not complete: a trap, or running out
 * of fuel, in the middle of a stretch that is already paid.
 *
 * It also finds where the function must look whether the fuel is used up: at
 * the head of a loop, and wherever `UNCHECKED_FUEL` or `UNCHECKED_ON_RETURN`
 * would be passed without.
 */
import type { ByteReader } from '../wasm/bytes.js';
import { skipImmediates } from '../wasm/instructions.js';
import { BULK, bulkImmediates, IMMEDIATE, immediates, OP } from '../wasm/opcodes.js';
import { bulkCosts, costs, UNCHECKED_FUEL, UNCHECKED_ON_RETURN, vectorCosts } from './costs.js';
import { EDIT, type Edit } from './edits.js';
import { Flow, type Frame } from './flow.js';

export interface Scan {
  readonly edits: readonly Edit[];
  /** Fuel of each point. Point 0 is unreachable code; point 1 is the function's entry. */
  readonly pointFuel: readonly number[];
  /** Something branches to the label of the function itself. */
  readonly branchesOut: boolean;
  /** It fills or copies memory. */
  readonly worksOnRanges: boolean;
  readonly writesTables: boolean;
  readonly dropsSegments: boolean;
}

export interface ScanOptions {
  /** Exceptions can be caught somewhere in the component: a call may leave by one. */
  readonly exceptions: boolean;
  /** Locals from this index on, `to` excluded, get other indices. */
  readonly renamedFrom: number;
  readonly renamedTo: number;
  /** Whether a function looks at the fuel on entry; others return after little. */
  checksOnEntry(functionIndex: number): boolean;
  /** Whether a type has parameters. */
  hasParams(typeIndex: number): boolean;
}

/**
 * Scans the instructions of a function, from behind its local declarations to its end.
 * @throws UnsupportedWasm naming the instruction.
 */
export function scanBody(reader: ByteReader, options: ScanOptions): Scan {
  return new Scanner(reader, options).scan();
}

class Scanner {
  readonly #reader: ByteReader;
  readonly #options: ScanOptions;
  readonly #edits: Edit[] = [];
  readonly #flow = new Flow();
  #worksOnRanges = false;
  #writesTables = false;
  #dropsSegments = false;

  constructor(reader: ByteReader, options: ScanOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  scan(): Scan {
    const reader = this.#reader;
    const flow = this.#flow;
    while (!flow.ended) {
      if (flow.unchecked > UNCHECKED_FUEL && flow.reachable) this.#begin(EDIT.chargeAndLook);
      const start = reader.pos;
      const opcode = reader.u8();
      flow.spend(costs[opcode] as number);
      switch (immediates[opcode]) {
        case IMMEDIATE.none:
          if (opcode <= OP.catchAll) this.#control(opcode, start);
          break;
        case IMMEDIATE.index:
          this.#indexed(opcode, start);
          break;
        case IMMEDIATE.block:
          this.#block(opcode, start);
          break;
        case IMMEDIATE.label:
        case IMMEDIATE.labels:
        case IMMEDIATE.tag:
          this.#control(opcode, start);
          break;
        case IMMEDIATE.function:
        case IMMEDIATE.indirect:
          this.#callLike(opcode, start);
          break;
        case IMMEDIATE.bulk:
          this.#bulk(start);
          break;
        case IMMEDIATE.vector:
          this.#vector(opcode);
          break;
        default:
          skipImmediates(reader, opcode);
      }
    }
    return {
      edits: this.#edits,
      pointFuel: flow.pointFuel,
      branchesOut: flow.branchesOut,
      worksOnRanges: this.#worksOnRanges,
      writesTables: this.#writesTables,
      dropsSegments: this.#dropsSegments,
    };
  }

  #edit(kind: number, from: number, argument = 0, second = 0): Edit {
    const edit: Edit = { kind, from, to: this.#reader.pos, argument, second, point: this.#flow.point, loop: undefined };
    this.#edits.push(edit);
    return edit;
  }

  /** An edit that calls: a loop around it gains nothing from keeping calls out. */
  #callEdit(kind: number, from: number, argument = 0, second = 0): Edit {
    this.#notSimple();
    return this.#edit(kind, from, argument, second);
  }

  /** The innermost loop here is not a simple one. */
  #notSimple(): void {
    const loop = this.#flow.innermostLoop;
    if (loop !== undefined) loop.simple = false;
  }

  /** An edit that calls a subroutine, which looks at the fuel. */
  #subroutine(kind: number, from: number, argument: number, second = 0): void {
    this.#callEdit(kind, from, argument, second);
    this.#flow.unchecked = 0;
  }

  /** Begins a point here, charged by an edit of this kind. */
  #begin(kind: number): void {
    this.#flow.newPoint();
    if (kind !== EDIT.charge) this.#flow.unchecked = 0;
    if (kind === EDIT.chargeAndLook) this.#callEdit(kind, this.#reader.pos);
    else this.#edit(kind, this.#reader.pos);
  }

  #block(opcode: number, start: number): void {
    const typeFrom = this.#reader.pos;
    this.#reader.skipLeb();
    if (opcode === OP.loop || opcode === OP.try) this.#notSimple();
    const frame = this.#flow.enter(opcode);
    if (!this.#flow.reachable) return;
    if (opcode === OP.loop) {
      this.#flow.newPoint();
      this.#flow.unchecked = 0;
      frame.head = this.#edit(EDIT.loop, start, typeFrom);
    } else if (opcode === OP.if) {
      this.#begin(EDIT.charge);
    }
  }

  #control(opcode: number, start: number): void {
    const reader = this.#reader;
    const flow = this.#flow;
    switch (opcode) {
      case OP.unreachable:
        this.#leave(EDIT.trap, start);
        break;
      case OP.else:
        this.#nextArm(EDIT.charge);
        break;
      case OP.catch:
        reader.skipLeb();
        this.#nextArm(EDIT.handler);
        break;
      case OP.catchAll:
        this.#nextArm(EDIT.handler);
        break;
      case OP.end:
        this.#end(start);
        break;
      case OP.delegate:
        reader.skipLeb();
        flow.escape();
        this.#end(start);
        break;
      case OP.throw:
      case OP.rethrow:
        this.#notSimple(); // it may name a label
        reader.skipLeb();
        flow.escape();
        this.#leave(EDIT.throw, start);
        break;
      case OP.br:
        flow.branch(reader.u32());
        this.#branchEdit(start);
        flow.stop();
        break;
      case OP.brIf:
        flow.branch(reader.u32());
        this.#branchEdit(start);
        if (flow.reachable) this.#begin(EDIT.charge);
        break;
      case OP.brTable:
        for (let count = reader.u32(); count >= 0; count--) flow.branch(reader.u32());
        this.#branchEdit(start);
        flow.stop();
        break;
      case OP.return:
        flow.escape();
        this.#leave(EDIT.return, start);
        break;
      default: // nop
    }
  }

  /** What follows an instruction that leaves the function or traps is unreachable. */
  #leave(kind: number, start: number): void {
    if (this.#flow.reachable) this.#edit(kind, start, this.#mustLook(this.#flow.unchecked));
    else if (kind === EDIT.return) this.#edit(kind, start);
    this.#flow.stop();
  }

  #mustLook(unchecked: number): number {
    return unchecked > UNCHECKED_ON_RETURN ? 1 : 0;
  }

  /** A branch out of a loop must be written anew if the loop takes the form that has more labels. */
  #branchEdit(start: number): void {
    const { innermostLoop, labelsInsideLoop } = this.#flow;
    if (innermostLoop?.head !== undefined) this.#edit(EDIT.branch, start, labelsInsideLoop).loop = innermostLoop.head;
  }

  /** An `else`, `catch` or `catch_all`: one arm ends, another begins. */
  #nextArm(kind: number): void {
    if (this.#flow.nextArm()) this.#begin(kind);
  }

  #end(start: number): void {
    const flow = this.#flow;
    const frame = flow.leave();
    if (flow.ended) {
      this.#edit(EDIT.end, start, this.#mustLook(frame.uncheckedAtEnd));
      return;
    }
    if (frame.head !== undefined) this.#endLoop(frame, frame.head);
    if (flow.resume(frame)) this.#begin(EDIT.charge);
  }

  /** Only now it is known what the loop is. */
  #endLoop(frame: Frame, head: Edit): void {
    if (!frame.targeted || !frame.simple || this.#takesParams(head)) return;
    head.kind = EDIT.simpleLoop;
    const end = this.#edit(EDIT.simpleLoopEnd, this.#reader.pos);
    end.loop = head;
  }

  /** Whether a loop has parameters: its type is then an index, not a type of one byte. */
  #takesParams(head: Edit): boolean {
    const { bytes } = this.#reader;
    let at = head.argument;
    let index = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      index |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      return (byte & 0x40) === 0 && this.#options.hasParams(index);
    }
  }

  #callLike(opcode: number, start: number): void {
    const flow = this.#flow;
    const index = this.#reader.u32();
    if (opcode === OP.refFunc) {
      this.#edit(EDIT.functionReference, start, index);
      return;
    }
    const indirect = opcode === OP.callIndirect || opcode === OP.returnCallIndirect;
    if (indirect) this.#reader.skipLeb();
    if (opcode === OP.returnCall || opcode === OP.returnCallIndirect) {
      this.#callEdit(indirect ? EDIT.throw : EDIT.tailCall, start, index);
      flow.escape();
      flow.stop();
      return;
    }
    this.#callEdit(indirect ? EDIT.indirectCall : EDIT.call, start, index);
    // What does not look returns after little.
    if (!indirect && this.#options.checksOnEntry(index)) flow.unchecked = 0;
    else if (flow.reachable) flow.unchecked += UNCHECKED_ON_RETURN;
    if (this.#options.exceptions && flow.reachable) {
      flow.escape();
      this.#begin(EDIT.charge);
    }
  }

  /** Locals, globals, table.get and table.set, memory.size and memory.grow. */
  #indexed(opcode: number, start: number): void {
    const index = this.#reader.u32();
    if (opcode <= OP.localTee) {
      if (index >= this.#options.renamedFrom && index < this.#options.renamedTo) this.#edit(EDIT.local, start, index);
    } else if (opcode === OP.tableSet) {
      this.#writesTables = true;
    } else if (opcode === OP.memoryGrow) {
      this.#subroutine(EDIT.memoryGrow, start, index);
    }
  }

  #vector(opcode: number): void {
    const from = this.#reader.pos;
    this.#flow.spend(vectorCosts[this.#reader.u32()] ?? 0);
    this.#reader.pos = from;
    skipImmediates(this.#reader, opcode);
  }

  #bulk(start: number): void {
    const reader = this.#reader;
    const opcode = reader.u32();
    this.#flow.spend(bulkCosts[opcode] ?? 0);
    const count = bulkImmediates[opcode] ?? 0;
    const first = count > 0 ? reader.u32() : 0;
    const second = count > 1 ? reader.u32() : 0;
    switch (opcode) {
      case BULK.memoryInit: // segment, memory
        this.#subroutine(EDIT.memoryInit, start, second);
        break;
      case BULK.memoryCopy: // to, from
        this.#worksOnRanges = true;
        this.#subroutine(EDIT.memoryCopy, start, first, second);
        break;
      case BULK.memoryFill:
        this.#worksOnRanges = true;
        this.#subroutine(EDIT.memoryFill, start, first);
        break;
      case BULK.tableInit: // segment, table
        this.#writesTables = true;
        this.#subroutine(EDIT.tableBulk, start, second);
        break;
      case BULK.tableCopy: // to, from
      case BULK.tableFill:
        this.#writesTables = true;
        this.#subroutine(EDIT.tableBulk, start, first);
        break;
      case BULK.tableGrow:
        this.#writesTables = true;
        this.#subroutine(EDIT.tableGrow, start, first);
        break;
      case BULK.dataDrop:
      case BULK.elemDrop:
        this.#dropsSegments = true;
        break;
      default: // saturating conversions, table.size
    }
  }
}
