/**
 * Control flow as a scan follows it: which charge point carries what executes
 * now, where a new one is needed, and how much may have executed since the last
 * look at the fuel.
 */
import { UnsupportedWasm } from '../wasm/module-info.js';
import { OP } from '../wasm/opcodes.js';
import { UNCHECKED_FUEL } from './costs.js';
import type { Edit } from './edits.js';

const UNREACHABLE_POINT = 0;
export const ENTRY_POINT = 1;
const NO_LOOP = -1;

export interface Frame {
  kind: number;
  /** The point that was current when the frame was entered. */
  readonly outer: number;
  /** The outermost frame that a branch from inside this one reaches. */
  reaches: number;
  /** A branch leads to this frame's label. */
  targeted: boolean;
  /** The end of an arm that is already closed can be reached. */
  armEnds: boolean;
  /** The index of the innermost loop around, which may be this frame itself. */
  readonly loop: number;
  /** The edit at a loop's head. */
  head: Edit | undefined;
  /** A loop that may be written in the form that keeps calls out of it: nothing in it calls or loops. */
  simple: boolean;
  /** Executed since the last look where the frame begins, and the most on any way to its end. */
  readonly uncheckedAtStart: number;
  uncheckedAtEnd: number;
}

export class Flow {
  /** Fuel of each point: see `Scan`. */
  readonly pointFuel: number[] = [0, 0];
  readonly #frames: Frame[] = [];
  /** The point that carries what executes now. */
  point = ENTRY_POINT;
  /** Fuel executed since the last look at it, on the worst way here. */
  unchecked = 0;
  /** Something branches to the label of the function itself. */
  branchesOut = false;

  constructor() {
    this.enter(OP.block);
  }

  get ended(): boolean {
    return this.#frames.length === 0;
  }

  get reachable(): boolean {
    return this.point !== UNREACHABLE_POINT;
  }

  spend(fuel: number): void {
    this.pointFuel[this.point] = (this.pointFuel[this.point] as number) + fuel;
    if (this.reachable) this.unchecked += fuel;
  }

  newPoint(): void {
    this.point = this.pointFuel.push(0) - 1;
  }

  /** What follows cannot be reached. */
  stop(): void {
    this.point = UNREACHABLE_POINT;
  }

  get innermostLoop(): Frame | undefined {
    return this.#frames[this.#frames.at(-1)?.loop ?? NO_LOOP];
  }

  /** How many labels lie between here and that of the innermost loop. */
  get labelsInsideLoop(): number {
    return this.#frames.length - 1 - (this.#frames.at(-1)?.loop ?? NO_LOOP);
  }

  /** Enters a block of this kind, an opcode. */
  enter(kind: number): Frame {
    const index = this.#frames.length;
    const frame: Frame = {
      kind,
      outer: this.point,
      reaches: index,
      targeted: false,
      armEnds: false,
      loop: kind === OP.loop ? index : (this.#frames.at(-1)?.loop ?? NO_LOOP),
      head: undefined,
      simple: true,
      uncheckedAtStart: this.unchecked,
      uncheckedAtEnd: 0,
    };
    this.#frames.push(frame);
    return frame;
  }

  /** Notes a branch to the label at this depth. */
  branch(depth: number): void {
    const target = this.#frames.length - 1 - depth;
    const frame = this.#frames[target];
    if (frame === undefined) throw new UnsupportedWasm('a branch to a label that does not exist');
    // Also in unreachable code: the rewriting must keep every branch valid.
    if (target === 0) this.branchesOut = true;
    if (!this.reachable) return;
    frame.targeted = true;
    frame.uncheckedAtEnd = Math.max(frame.uncheckedAtEnd, this.unchecked);
    this.#escape(target);
  }

  /** Notes that control may leave the function from here. */
  escape(): void {
    this.#escape(0);
  }

  /** Notes that control leaves from here to the frame with this index. */
  #escape(target: number): void {
    const top = this.#frames.at(-1);
    if (top !== undefined && this.reachable && target < top.reaches) top.reaches = target;
  }

  /** An `else`, `catch` or `catch_all`. @returns whether a point begins there. */
  nextArm(): boolean {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return false;
    if (this.reachable) {
      frame.armEnds = true;
      frame.uncheckedAtEnd = Math.max(frame.uncheckedAtEnd, this.unchecked);
    }
    this.unchecked = frame.uncheckedAtStart;
    if (frame.kind === OP.if) frame.kind = OP.else;
    return frame.outer !== UNREACHABLE_POINT;
  }

  /** The end of the innermost frame, which `resume` goes on behind. */
  leave(): Frame {
    const frame = this.#frames.pop() as Frame;
    if (this.reachable) frame.uncheckedAtEnd = Math.max(frame.uncheckedAtEnd, this.unchecked);
    return frame;
  }

  /** Goes on behind a frame that has ended. @returns whether a point begins there. */
  resume(frame: Frame): boolean {
    const index = this.#frames.length;
    const parent = this.#frames[index - 1] as Frame;
    if (frame.reaches < index && frame.reaches < parent.reaches) parent.reaches = frame.reaches;
    if (frame.outer === UNREACHABLE_POINT) {
      this.stop();
      return false;
    }
    const joins = (frame.kind !== OP.loop && frame.targeted) || frame.armEnds || frame.kind === OP.if;
    if (!joins && !this.reachable) return false;
    if (frame.kind === OP.if) frame.uncheckedAtEnd = Math.max(frame.uncheckedAtEnd, frame.uncheckedAtStart);
    // A branch to a loop's label leads to its head, which looks.
    if (frame.kind !== OP.loop) this.unchecked = frame.uncheckedAtEnd;
    if (frame.kind === OP.try) return true;
    const escapes = frame.reaches < index;
    if (escapes) return joins || frame.kind === OP.else;
    // On at the point before the frame, unless that carries much already.
    this.point = frame.outer;
    return (this.pointFuel[frame.outer] as number) > UNCHECKED_FUEL;
  }
}
