/**
 * How one instance is suspended and goes on.
 *
 *   running    a slice's end, or an offer, may begin to unwind
 *   unwinding  every frame puts itself away and returns; nothing of the guest executes
 *   still      no frame is left: the host can copy everything, or leave
 *   rewinding  the same export is called; every frame brings itself back, to where it was
 *
 * A run is not suspended while anything lies between its frames that cannot be
 * put away: JavaScript (the host has the guest allocate), a start function, or
 * another module of the component that calls back. Nor while it holds a handle,
 * which stands for something in this thread. Then it just goes on.
 */
import { ASYNCIFY } from '../provision/suspend/asyncify.js';
import type { Fuel } from '../task.js';
import type { LeaveGuard } from './abi/guest-memory.js';
import type { Handles } from './abi/handles.js';
import type { Gauge } from './gauge.js';
import type { UnwindStack } from './unwind-stack.js';

/** What a run is to do at a point of execution. */
export type Wish = 'go-on' | /** Tell what it is, and go on. */ 'copy' | /** Tell what it is, and end here. */ 'leave';

type Phase = 'running' | 'unwinding' | 'still' | 'rewinding';

/**
 * While a run is wanted to stand still and is in a loop where it cannot, slices are so small that hardly any is left
 * for what comes after the loop, where it can. They differ, so that not each round of a loop leaves the same. That makes
 * the loop some tens of times slower: so it is done for a millisecond or less, and then left for longer each time, so
 * that a loop of minutes takes hardly more of them.
 */
const MOST_HELD_FUEL: Fuel = 31;
const SMALL_SLICES = 8_192;
const FEWEST_WHOLE_SLICES = 1;
const MOST_WHOLE_SLICES = 32;
/** Small slices from one look at the world to the next. */
const UNSEEN_SLICES = 32;

/** Frames could not all be put away: there was no room for them. The run cannot go on, but can be done again. */
export class FramesLost extends Error {
  override readonly name = 'FramesLost';
}

/** What happened when the run was still. */
export interface Stillness {
  readonly wish: Exclude<Wish, 'go-on'>;
  readonly fuel: Fuel;
}

export interface Suspending {
  readonly gauge: Gauge;
  readonly guard: LeaveGuard;
  readonly handles: Handles;
}

export class Suspension {
  readonly #stack: UnwindStack;
  readonly #of: Suspending;
  readonly #index: number;
  #exports: WebAssembly.Exports = {};
  #phase: Phase = 'running';
  /** Frames of the instance's own are on the stack, and the run's wishes count. */
  #armed = false;
  /** Slices for which it could not be suspended though it was to be, in this round of small and whole ones. */
  #held = 0;
  /** Whole slices in this round. */
  #whole = FEWEST_WHOLE_SLICES;
  /** Calls of other modules into this one that have not returned. */
  #callers = 0;
  #wishes: () => Wish = () => 'go-on';
  /** What was wished, while the phase is not `running`. */
  #stillness: Stillness | undefined;

  /** @param index of the module's counter in the gauge. */
  constructor(stack: UnwindStack, of: Suspending, index: number) {
    this.#stack = stack;
    this.#of = of;
    this.#index = index;
  }

  get imports(): WebAssembly.Imports[string] {
    return this.#stack.imports;
  }

  attach(exports: WebAssembly.Exports): void {
    this.#exports = exports;
  }

  /** What is asked at each point of execution from now on. */
  arm(wishes: () => Wish): void {
    this.#wishes = wishes;
    this.#armed = true;
    this.#phase = 'running';
    this.#stillness = undefined;
    this.#callers = 0;
    this.#released();
  }

  disarm(): void {
    this.#armed = false;
  }

  /** The end of a slice. */
  slice(counter: number): number {
    if (this.#phase === 'rewinding') {
      this.#brought();
      return this.#of.gauge.slice(this.#index, 0);
    }
    if (this.#unwindIfWished(this.#index, counter)) return 0;
    return this.#of.gauge.slice(this.#index, counter);
  }

  /** The end of a slice where the run cannot be suspended. */
  hold(counter: number): number {
    const { gauge } = this.#of;
    const isSmall = this.#held > 0 && this.#held < SMALL_SLICES;
    // In between, nothing is asked: it takes longer than the slice.
    if (isSmall && this.#held % UNSEEN_SLICES !== 0) return this.#heldSlice(counter, false);
    if (!this.#armed || this.#wishes() === 'go-on') {
      this.#released();
      return gauge.slice(this.#index, counter);
    }
    return this.#heldSlice(counter, true);
  }

  #heldSlice(counter: number, looks: boolean): number {
    return this.#of.gauge.slice(this.#index, counter, { most: this.#nextHeld(), looks });
  }

  /** @returns the fuel of the next slice, or undefined for a whole one. */
  #nextHeld(): Fuel | undefined {
    if (++this.#held < SMALL_SLICES) return 1 + (this.#held % MOST_HELD_FUEL);
    if (this.#held >= SMALL_SLICES + this.#whole) {
      this.#held = 0;
      this.#whole = Math.min(MOST_WHOLE_SLICES, this.#whole * 2);
    }
    return undefined;
  }

  #released(): void {
    this.#held = 0;
    this.#whole = FEWEST_WHOLE_SLICES;
  }

  /** A call that offers a point of execution. @param call what it does besides. */
  offer(call: () => void): void {
    if (this.#phase === 'rewinding') {
      this.#brought();
      return;
    }
    call();
    this.#unwindIfWished(-1, 0);
  }

  /** Stands for an export that another module calls: while it does, frames of that module are on the stack. */
  guarded(call: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
    return (...args) => {
      this.#callers++;
      try {
        return call(...args);
      } finally {
        this.#callers--;
      }
    };
  }

  /** What the export ended with: if it had begun to put frames away, they are lost. */
  causeOf(error: unknown): unknown {
    return this.#phase === 'unwinding' ? new FramesLost('the frames have no room', { cause: error }) : error;
  }

  /** After a call of the export has returned: whether it only unwound. Then its result means nothing. */
  cameToRest(): Stillness | undefined {
    if (this.#phase !== 'unwinding') return undefined;
    (this.#exports[ASYNCIFY.stopUnwind] as () => void)();
    this.#phase = 'still';
    return this.#stillness;
  }

  /** The frames that were put away. */
  frames(): Uint8Array {
    return this.#stack.frames();
  }

  /** Before the export is called again. @param frames those of a run that was still elsewhere; it is armed. @returns whether there is room for them. */
  rewind(frames: Uint8Array): boolean {
    if (!this.#stack.put(frames)) return false;
    this.#phase = 'rewinding';
    (this.#exports[ASYNCIFY.startRewind] as (record: number) => void)(this.#stack.record);
    return true;
  }

  /** Whether frames that were brought back have not come to where they were put away: they were not of this code. */
  get isRewinding(): boolean {
    return this.#phase === 'rewinding';
  }

  #brought(): void {
    (this.#exports[ASYNCIFY.stopRewind] as () => void)();
    this.#phase = 'running';
  }

  #unwindIfWished(index: number, counter: number): boolean {
    const { gauge, guard, handles } = this.#of;
    if (!this.#armed || this.#callers > 0 || !guard.mayLeave || gauge.stopped !== undefined) return false;
    if (gauge.overLimit(index, counter) || handles.kept === undefined) return false;
    const wish = this.#wishes();
    if (wish === 'go-on') return false;
    this.#released();
    this.#stillness = { wish, fuel: gauge.settle(index, counter) };
    this.#stack.clear();
    (this.#exports[ASYNCIFY.startUnwind] as (record: number) => void)(this.#stack.record);
    this.#phase = 'unwinding';
    return true;
  }
}
