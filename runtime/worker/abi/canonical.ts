/**
 * Host functions as core functions: the "lower" of the canonical ABI, for the
 * interfaces that tasks import. The generated code has its own, which copies
 * whatever a guest names before anybody can look at its size, and keeps books
 * for asynchronous calls that cost more than the call.
 */
import { RUNTIME_BOUNDS } from '../../limits.js';
import { AbiFault, GuestMemory, type CanonicalOptions, type LeaveGuard } from './guest-memory.js';
import { layoutOf } from './layout.js';
import { liftFlat, type Lifting } from './lift.js';
import { store, type Lowering } from './store.js';
import type { AbiType, HostFunction } from './types.js';

/** Resources that the guest holds, by handle. Index 0 is never a handle. */
export class Handles {
  #entries: unknown[] = [undefined];
  #free: number[] = [];

  add(resource: unknown): number {
    const index = this.#free.pop() ?? this.#entries.length;
    this.#entries[index] = resource;
    return index;
  }

  get(index: number): unknown {
    const resource = this.#entries[index >>> 0];
    if (resource === undefined) throw new AbiFault(`there is no handle ${index >>> 0}`);
    return resource;
  }

  remove(index: number): void {
    this.get(index);
    this.#entries[index >>> 0] = undefined;
    this.#free.push(index >>> 0);
  }

  get live(): number {
    return this.#entries.length - 1 - this.#free.length;
  }

  /** As at the beginning: also the order in which handles are given out. */
  reset(): void {
    if (this.#entries.length === 1) return;
    this.#entries = [undefined];
    this.#free = [];
  }
}

/** What a call asks its surroundings. */
export interface Surroundings {
  readonly handles: Handles;
  readonly guard: LeaveGuard;
  /** The limits of the run that executes. */
  limits(): { readonly outputBytes: number; readonly logBytes: number };
  /** Called around each call. */
  enter(): void;
  leave(): void;
  /** Makes of a fault what the guest gets to feel: always throws. */
  fault(error: unknown): never;
}

type CoreFunction = (...args: (number | bigint)[]) => number | bigint | undefined;

/** What a call may hand over besides output: names, keys, topics. */
const CALL_BYTES = 4 * RUNTIME_BOUNDS.topicBytes;

/** Results of up to this many core values are returned, others written where the last argument says. */
const MAX_FLAT_RESULTS = 1;

export function lowerImport(host: HostFunction, options: CanonicalOptions, around: Surroundings): CoreFunction {
  const memory = new GuestMemory(options, around.guard);
  const lifts = host.params.map(liftFlat);
  const call = host.call as (...args: unknown[]) => unknown;
  const finish = finishOf(host.returns);
  const lowering: Lowering = { memory, newHandle: (resource) => around.handles.add(resource) };
  return (...args) => {
    try {
      around.enter();
      if (!around.guard.mayLeave) throw new AbiFault('the guest called the host while it allocated for it');
      memory.refresh();
      const { outputBytes, logBytes } = around.limits();
      const lifting: Lifting = {
        memory,
        args,
        next: 0,
        budget: outputBytes + CALL_BYTES,
        mostText: logBytes,
        handle: (index) => around.handles.get(index),
      };
      const values = lifts.map((lift) => lift(lifting));
      return finish(lowering, call(...values), args.at(-1) as number);
    } catch (error) {
      return around.fault(error);
    } finally {
      around.leave();
    }
  };
}

type Finish = (lowering: Lowering, value: unknown, returnPointer: number) => number | bigint | undefined;

function finishOf(returns: AbiType | undefined): Finish {
  if (returns === undefined) return () => undefined;
  const { flat, size, align } = layoutOf(returns);
  if (flat <= MAX_FLAT_RESULTS) return flatResult(returns);
  const put = store(returns);
  return (lowering, value, returnPointer) => {
    const address = lowering.memory.area(returnPointer, size, align);
    put(lowering, value as never, address);
    return undefined;
  };
}

function flatResult(returns: AbiType): Finish {
  if (returns === 'bool') return (_, value) => (value === true ? 1 : 0);
  if (returns === 'u32' || returns === 'u64' || returns === 'f64') return (_, value) => value as number | bigint;
  throw new Error('no host function answers with a single core value of such a type');
}
