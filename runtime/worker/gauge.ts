/**
 * The fuel of one instance, over all its core modules.
 *
 * Each metered module counts down in a global of its own, refilled in slices.
 * What a module holds unspent is part of what the run has left, so that the
 * modules together never hold more than the limit; a module that asks for more
 * than is free takes it back from the others, which is safe because their
 * globals are true while they wait in a call.
 */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Fuel } from '../task.js';

/** Why a run was told to stop; the guest is trapped at its next look at the fuel. */
export type Stop = 'fuel' | 'deadline' | 'cancelled' | 'output' | 'abi' | 'verdict' | 'depth';

/** What a slice's end asks the world. */
export interface SliceWatch {
  /** Milliseconds on a monotonic clock. */
  now(): number;
  cancelled(): boolean;
  /** Called at each slice's end, before more is granted. */
  sliceEnded(): void;
}

interface SliceOptions {
  /** What the next slice may hold. */
  readonly most?: Fuel | undefined;
  /** Whether it asks the world; not at the end of each of many slices that are very small. */
  readonly looks?: boolean;
}

/** What makes `slice` answer with a trap. */
const END = -1;

/** A slice is not made smaller than this for the sake of other modules. */
const LEAST_SHARE: Fuel = 4_096;

/** How far below 0 a host call may bring a counter, which is an i32. */
const LOWEST = -(2 ** 30);

export class Gauge {
  readonly #counters: WebAssembly.Global<number>[] = [];
  #granted: number[] = [];
  #limit: Fuel = 0;
  #deadlineAt = 0;
  #watch: SliceWatch | undefined;
  #stop: Stop | undefined;
  /** What host calls have taken since the last look for them. */
  #hostFuel: Fuel = 0;
  readonly #sliceFuel: Fuel;

  constructor(sliceFuel: Fuel = RUNTIME_BOUNDS.sliceFuel) {
    this.#sliceFuel = sliceFuel;
  }

  /** Adds a module's counter; it holds nothing until it asks. */
  add(counter: WebAssembly.Global<number>): void {
    counter.value = 0;
    this.#counters.push(counter);
    this.#granted.push(0);
  }

  /** Begins a run: every module holds nothing and asks at its first look. */
  begin(limit: Fuel, deadlineAt: number, watch: SliceWatch): void {
    this.#limit = limit;
    this.#deadlineAt = deadlineAt;
    this.#watch = watch;
    this.#stop = undefined;
    this.#hostFuel = 0;
    for (const [i, counter] of this.#counters.entries()) {
      counter.value = 0;
      this.#granted[i] = 0;
    }
  }

  /** Called by module `index` when its counter, given, fell below 0. */
  slice(index: number, counter: number, { most = this.#sliceFuel, looks = true }: SliceOptions = {}): number {
    const used = this.#used(index, counter);
    const stop = this.#stop ?? (looks || used > this.#limit ? this.#reasonToStop(used) : undefined);
    if (stop !== undefined) {
      // The guest is trapped and will not write it back.
      (this.#counters[index] as WebAssembly.Global<number>).value = counter;
      this.stop(stop);
      return END;
    }
    const left = this.#limit - used;
    // Half of it for all together. Otherwise modules that call each other would take it back from each other at every call.
    const modules = this.#counters.length;
    const share = modules === 1 ? left : Math.max(LEAST_SHARE, Math.floor(left / (2 * modules)));
    const wanted = Math.min(most, share, left);
    if (left - this.#heldByOthers(index) < wanted) this.#takeBack(index);
    this.#granted[index] = (this.#granted[index] ?? 0) - counter + wanted;
    return wanted;
  }

  #reasonToStop(used: Fuel): Stop | undefined {
    if (used > this.#limit) return 'fuel';
    const watch = this.#watch;
    if (watch === undefined) return 'cancelled';
    if (watch.cancelled()) return 'cancelled';
    if (watch.now() > this.#deadlineAt) return 'deadline';
    watch.sliceEnded();
    return undefined;
  }

  /**
   * Takes back what the modules hold unspent, while the run is suspended: each asks at its next look.
   * @param index the module whose counter is given, not read; -1 for none.
   * @returns used since `begin`.
   */
  settle(index: number, counter: number): Fuel {
    const used = this.#used(index, counter);
    this.continueFrom(used);
    return used;
  }

  /** Whether more was used than may be. @param index the module whose counter is given, not read; -1 for none. */
  overLimit(index: number, counter: number): boolean {
    return this.#used(index, counter) > this.#limit;
  }

  /** After `begin`: goes on with a run that has used this much. */
  continueFrom(used: Fuel): void {
    for (const [i, counter] of this.#counters.entries()) {
      counter.value = 0;
      this.#granted[i] = i === 0 ? used : 0;
    }
  }

  /** Ends the run at the guest's next look at its fuel. The first reason counts. */
  stop(reason: Stop): void {
    this.#stop ??= reason;
    this.#takeBack(-1);
  }

  get stopped(): Stop | undefined {
    return this.#stop;
  }

  /**
   * Counts what is granted as used. After a trap in the middle of a function
   * its counter was in a local, which is gone: the run pays for the slice.
   */
  forfeit(): void {
    for (const counter of this.#counters) counter.value = Math.min(counter.value, 0);
  }

  /**
   * Takes fuel for a host call. The globals are true while the host runs. When calls have taken a slice it looks at the
   * deadline as well: a guest may make thousands of them before it looks itself.
   */
  charge(fuel: Fuel): void {
    const counter = this.#counters[0];
    if (counter === undefined) return;
    const left = counter.value - fuel;
    counter.value = Math.max(LOWEST, left);
    // What the counter cannot hold is used all the same.
    if (left < LOWEST) this.#granted[0] = (this.#granted[0] as number) + LOWEST - left;
    this.#hostFuel += fuel;
    const { used } = this;
    if (this.#hostFuel > this.#sliceFuel) {
      this.#hostFuel = 0;
      const stop = this.#reasonToStop(used);
      if (stop !== undefined) this.stop(stop);
    } else if (used > this.#limit) this.stop('fuel');
  }

  /** What was granted since `begin`, whoever holds it unspent: true at any time. */
  get granted(): Fuel {
    let granted = 0;
    for (const of of this.#granted) granted += of;
    return granted;
  }

  /** Used since `begin`; while a guest runs, true only inside a host call. */
  get used(): Fuel {
    return this.#used(-1, 0);
  }

  /** @param index the module whose counter is given, not read. */
  #used(index: number, given: number): Fuel {
    let used = 0;
    for (let i = 0; i < this.#counters.length; i++) {
      used += (this.#granted[i] as number) - (i === index ? given : this.#held(i));
    }
    return used;
  }

  #held(index: number): number {
    return (this.#counters[index] as WebAssembly.Global<number>).value;
  }

  #heldByOthers(index: number): Fuel {
    let held = 0;
    for (let i = 0; i < this.#counters.length; i++) if (i !== index) held += Math.max(0, this.#held(i));
    return held;
  }

  #takeBack(except: number): void {
    for (const [i, counter] of this.#counters.entries()) {
      const held = counter.value;
      if (i === except || held <= 0) continue;
      this.#granted[i] = (this.#granted[i] as number) - held;
      counter.value = 0;
    }
  }
}
