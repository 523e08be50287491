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
 */
import type { ByteReader } from '../wasm/bytes.js';
import { UnsupportedWasm } from '../wasm/module-info.js';
import { BULK, bulkImmediates, IMMEDIATE, immediates, OP, opcodeName, vectorImmediate } from '../wasm/opcodes.js';
import { bulkCosts, costs, VECTOR_COST } from './costs.js';

export const EDIT = {
  /** Charge `point`. */
  charge: 0,
  /** Charge `point` and look whether the slice is used up. */
  loop: 1,
  /** A direct call: `argument` is the function's index. */
  call: 2,
  /** A call through a table: kept as it is. */
  indirectCall: 3,
  /** A direct tail call: `argument` is the function's index. */
  tailCall: 4,
  /** What leaves the function or throws: kept as it is, the counter stored before. */
  leave: 5,
  /** A handler begins: the counter is reloaded, then `point` is charged. */
  handler: 6,
  /** ref.func: `argument` is the function's index. */
  functionReference: 7,
  /** memory.grow: `argument` is the memory's index. */
  memoryGrow: 8,
  /** memory.fill: `argument` is the memory's index. */
  memoryFill: 9,
  /** memory.copy: `argument` is the destination's index, `point` the source's. */
  memoryCopy: 10,
  /** memory.init: kept as it is, charged by size. */
  memoryInit: 11,
  /** table.init, copy, fill: kept as it is, charged by size. */
  tableBulk: 12,
  /** table.grow: `argument` is the table's index. */
  tableGrow: 13,
  /** The end of the function. */
  end: 14,
} as const;

/** An edit of a function body: `from..to` of the original is replaced. */
export interface Edit {
  kind: number;
  from: number;
  to: number;
  argument: number;
  point: number;
  /** For a charge: on every way here the counter was read, and nothing was called since. */
  cached: boolean;
}

export interface Scan {
  readonly edits: Edit[];
  /** Fuel of each point. Point 0 is unreachable code; point 1 is the function's entry. */
  readonly pointFuel: number[];
  readonly calls: number;
  readonly loops: number;
  /** Something branches to the label of the function itself. */
  readonly branchesOut: boolean;
  readonly writesTables: boolean;
  readonly dropsSegments: boolean;
  readonly catches: boolean;
}

const UNREACHABLE_POINT = 0;
export const ENTRY_POINT = 1;

interface Frame {
  kind: number;
  /** The point that was current when the frame was entered. */
  outer: number;
  /** The outermost frame that a branch from inside this one reaches. */
  reaches: number;
  /** A branch leads to this frame's label. */
  targeted: boolean;
  /** The end of an arm that is already closed can be reached. */
  armEnds: boolean;
  /** The edit at a loop's head. */
  head: Edit | undefined;
  /** The counter is in the local where the frame begins; and on every way to its end. */
  readonly cachedAtStart: boolean;
  cachedAtEnd: boolean;
}

export interface ScanOptions {
  /** Exceptions can be caught somewhere in the component: a call may leave by one. */
  readonly exceptions: boolean;
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
  readonly #exceptions: boolean;
  readonly #edits: Edit[] = [];
  readonly #fuel: number[] = [0, 0];
  readonly #frames: Frame[] = [];
  #point = ENTRY_POINT;
  /** The counter is in the local, by the rule for functions without loops: see `emit.ts`. */
  #cached = true;
  #calls = 0;
  #loops = 0;
  #branchesOut = false;
  #writesTables = false;
  #dropsSegments = false;
  #catches = false;

  constructor(reader: ByteReader, options: ScanOptions) {
    this.#reader = reader;
    this.#exceptions = options.exceptions;
    this.#push(OP.block);
  }

  scan(): Scan {
    const reader = this.#reader;
    const fuel = this.#fuel;
    while (this.#frames.length > 0) {
      const start = reader.pos;
      const opcode = reader.u8();
      fuel[this.#point] = (fuel[this.#point] as number) + (costs[opcode] as number);
      switch (immediates[opcode]) {
        case IMMEDIATE.none:
          if (opcode <= OP.catchAll) this.#control(opcode, start);
          break;
        case IMMEDIATE.index:
          if (opcode >= OP.tableSet) this.#indexed(opcode, start);
          else reader.skipLeb();
          break;
        case IMMEDIATE.leb:
          reader.skipLeb();
          break;
        case IMMEDIATE.memory:
          this.#memoryArgument();
          break;
        case IMMEDIATE.block:
          this.#block(opcode);
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
        case IMMEDIATE.bytes4:
          reader.skip(4);
          break;
        case IMMEDIATE.bytes8:
          reader.skip(8);
          break;
        case IMMEDIATE.types:
          reader.skip(reader.u32());
          break;
        case IMMEDIATE.bulk:
          this.#bulk(start);
          break;
        case IMMEDIATE.vector:
          this.#vector();
          break;
        default:
          throw new UnsupportedWasm(opcodeName(opcode));
      }
    }
    return {
      edits: this.#edits,
      pointFuel: fuel,
      calls: this.#calls,
      loops: this.#loops,
      branchesOut: this.#branchesOut,
      writesTables: this.#writesTables,
      dropsSegments: this.#dropsSegments,
      catches: this.#catches,
    };
  }

  #edit(kind: number, from: number, argument: number, point = UNREACHABLE_POINT): Edit {
    const edit = { kind, from, to: this.#reader.pos, argument, point, cached: this.#cached };
    this.#edits.push(edit);
    return edit;
  }

  /** An edit that calls a helper, which charges the global. */
  #helper(kind: number, from: number, argument: number, point = UNREACHABLE_POINT): void {
    this.#edit(kind, from, argument, point);
    this.#cached = false;
  }

  #push(kind: number): Frame {
    const index = this.#frames.length;
    const frame: Frame = {
      kind,
      outer: this.#point,
      reaches: index,
      targeted: false,
      armEnds: false,
      head: undefined,
      cachedAtStart: this.#cached,
      cachedAtEnd: true,
    };
    this.#frames.push(frame);
    return frame;
  }

  /** Begins a point here, charged by an edit of this kind. */
  #begin(kind: number): Edit {
    this.#point = this.#fuel.push(0) - 1;
    const edit = this.#edit(kind, this.#reader.pos, 0, this.#point);
    this.#cached = true;
    return edit;
  }

  get #reachable(): boolean {
    return this.#point !== UNREACHABLE_POINT;
  }

  #block(opcode: number): void {
    this.#reader.skipLeb();
    const frame = this.#push(opcode);
    if (!this.#reachable) return;
    if (opcode === OP.loop) {
      this.#loops++;
      frame.head = this.#begin(EDIT.loop);
    } else if (opcode === OP.if) {
      this.#begin(EDIT.charge);
    } else if (opcode === OP.try) {
      this.#catches = true;
    }
  }

  #control(opcode: number, start: number): void {
    const reader = this.#reader;
    switch (opcode) {
      case OP.unreachable:
        this.#leave(start);
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
        this.#escape(0);
        this.#end(start);
        break;
      case OP.throw:
      case OP.rethrow:
        reader.skipLeb();
        this.#escape(0);
        this.#leave(start);
        break;
      case OP.br:
        this.#branch(reader.u32());
        this.#point = UNREACHABLE_POINT;
        break;
      case OP.brIf:
        this.#branch(reader.u32());
        if (this.#reachable) this.#begin(EDIT.charge);
        break;
      case OP.brTable:
        for (let count = reader.u32(); count >= 0; count--) this.#branch(reader.u32());
        this.#point = UNREACHABLE_POINT;
        break;
      case OP.return:
        this.#escape(0);
        this.#leave(start);
        break;
      default: // nop
    }
  }

  /** What follows an instruction that leaves the function or traps is unreachable. */
  #leave(start: number): void {
    if (this.#reachable) this.#edit(EDIT.leave, start, 0);
    this.#point = UNREACHABLE_POINT;
  }

  /** Notes a branch to the label at this depth. */
  #branch(depth: number): void {
    const target = this.#frames.length - 1 - depth;
    const frame = this.#frames[target];
    if (frame === undefined) throw new UnsupportedWasm('a branch to a label that does not exist');
    // Also in unreachable code: the rewriting must keep every branch valid.
    if (target === 0) this.#branchesOut = true;
    if (!this.#reachable) return;
    frame.targeted = true;
    frame.cachedAtEnd &&= this.#cached;
    this.#escape(target);
  }

  /** Notes that control leaves from here to the frame with this index. */
  #escape(target: number): void {
    const top = this.#frames.at(-1);
    if (top !== undefined && this.#reachable && target < top.reaches) top.reaches = target;
  }

  /** An `else`, `catch` or `catch_all`: one arm ends, another begins. */
  #nextArm(kind: number): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return;
    if (this.#reachable) {
      frame.armEnds = true;
      frame.cachedAtEnd &&= this.#cached;
    }
    this.#cached = kind === EDIT.charge && frame.cachedAtStart;
    if (frame.kind === OP.if) frame.kind = OP.else;
    if (frame.outer !== UNREACHABLE_POINT) this.#begin(kind);
  }

  #end(start: number): void {
    const frame = this.#frames.pop() as Frame;
    const index = this.#frames.length;
    if (index === 0) {
      this.#edit(EDIT.end, start, 0);
      return;
    }
    const parent = this.#frames[index - 1] as Frame;
    if (frame.reaches < index && frame.reaches < parent.reaches) parent.reaches = frame.reaches;
    if (frame.head !== undefined && !frame.targeted) frame.head.kind = EDIT.charge;

    if (frame.outer === UNREACHABLE_POINT) {
      this.#point = UNREACHABLE_POINT;
      return;
    }
    const joins = (frame.kind !== OP.loop && frame.targeted) || frame.armEnds || frame.kind === OP.if;
    if (!joins && !this.#reachable) return;
    if (this.#reachable) frame.cachedAtEnd &&= this.#cached;
    if (frame.kind === OP.if) frame.cachedAtEnd &&= frame.cachedAtStart;
    this.#cached = frame.cachedAtEnd;
    const escapes = frame.reaches < index;
    if (frame.kind === OP.try) this.#begin(EDIT.charge);
    else if (!escapes) this.#point = frame.outer;
    else if (joins || frame.kind === OP.else) this.#begin(EDIT.charge);
  }

  #callLike(opcode: number, start: number): void {
    const index = this.#reader.u32();
    if (opcode === OP.refFunc) {
      this.#edit(EDIT.functionReference, start, index);
      return;
    }
    this.#calls++;
    if (opcode === OP.callIndirect || opcode === OP.returnCallIndirect) this.#reader.skipLeb();
    if (opcode === OP.returnCall || opcode === OP.returnCallIndirect) {
      this.#edit(opcode === OP.returnCall ? EDIT.tailCall : EDIT.leave, start, index);
      this.#escape(0);
      this.#point = UNREACHABLE_POINT;
      return;
    }
    this.#edit(opcode === OP.call ? EDIT.call : EDIT.indirectCall, start, index);
    this.#cached = false;
    if (this.#exceptions && this.#reachable) {
      this.#escape(0);
      this.#begin(EDIT.charge);
    }
  }

  /** table.set, memory.size and memory.grow. */
  #indexed(opcode: number, start: number): void {
    const index = this.#reader.u32();
    if (opcode === OP.tableSet) this.#writesTables = true;
    if (opcode === OP.memoryGrow) this.#helper(EDIT.memoryGrow, start, index);
  }

  #memoryArgument(): void {
    const align = this.#reader.u32();
    if ((align & 0x40) !== 0) this.#reader.skipLeb(); // names a memory: multi-memory
    this.#reader.skipLeb();
  }

  #bulk(start: number): void {
    const opcode = this.#reader.u32();
    const count = bulkImmediates[opcode];
    if (count === undefined) throw new UnsupportedWasm(`the instruction 0xfc ${opcode}`);
    this.#fuel[this.#point] = (this.#fuel[this.#point] as number) + (bulkCosts[opcode] as number);
    const first = count > 0 ? this.#reader.u32() : 0;
    const second = count > 1 ? this.#reader.u32() : 0;
    switch (opcode) {
      case BULK.memoryInit:
        this.#helper(EDIT.memoryInit, start, first);
        break;
      case BULK.memoryCopy:
        this.#helper(EDIT.memoryCopy, start, first, second);
        break;
      case BULK.memoryFill:
        this.#helper(EDIT.memoryFill, start, first);
        break;
      case BULK.tableInit:
      case BULK.tableCopy:
      case BULK.tableFill:
        this.#writesTables = true;
        this.#helper(EDIT.tableBulk, start, first);
        break;
      case BULK.tableGrow:
        this.#writesTables = true;
        this.#helper(EDIT.tableGrow, start, first);
        break;
      case BULK.dataDrop:
      case BULK.elemDrop:
        this.#dropsSegments = true;
        break;
      default: // saturating conversions, table.size
    }
  }

  #vector(): void {
    const opcode = this.#reader.u32();
    this.#fuel[this.#point] = (this.#fuel[this.#point] as number) + VECTOR_COST;
    switch (vectorImmediate(opcode)) {
      case 'none':
        break;
      case 'memory':
        this.#memoryArgument();
        break;
      case 'bytes16':
        this.#reader.skip(16);
        break;
      case 'lane':
        this.#reader.skip(1);
        break;
      case 'memory-lane':
        this.#memoryArgument();
        this.#reader.skip(1);
        break;
      case undefined:
        throw new UnsupportedWasm(`relaxed SIMD (0xfd ${opcode}), whose results differ between machines`);
    }
  }
}
