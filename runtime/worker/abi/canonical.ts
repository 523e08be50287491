/**
 * Host functions as core functions: the "lower" of the canonical ABI, for the
 * interfaces that tasks import. The generated code has its own, which copies
 * whatever a guest names before anybody can look at its size, and keeps books
 * for asynchronous calls that cost more than the call.
 */
import { RUNTIME_BOUNDS } from '../../limits.js';
import { AbiFault } from './abi-fault.js';
import { GuestMemory, type CanonicalOptions, type LeaveGuard } from './guest-memory.js';
import type { Handles } from './handles.js';
import { flatOf, layoutOf } from './layout.js';
import { liftFlat, type Lifting } from './lift.js';
import { isPrimitive, PRIMITIVES, type CoreValue } from './primitives.js';
import { store, type Lowering } from './store.js';
import type { AbiType, HostFunction, Resource } from './types.js';

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

export type CoreFunction = (...args: CoreValue[]) => CoreValue | undefined;

/** What a call may hand over besides output: names, keys, topics. */
const CALL_BYTES = 4 * RUNTIME_BOUNDS.topicBytes;

/** More core values than this would come as one pointer, which nothing offered needs. */
const MAX_FLAT_PARAMS = 16;

/** Results of up to this many core values are returned, others written where the last argument says. */
const MAX_FLAT_RESULTS = 1;

/** @throws Error for a signature that no host function may have. */
export function lowerImport(host: HostFunction, options: CanonicalOptions, around: Surroundings): CoreFunction {
  if (host.params.flatMap(flatOf).length > MAX_FLAT_PARAMS) {
    throw new Error(`no host function takes more than ${MAX_FLAT_PARAMS} core values`);
  }
  const { handles } = around;
  const memory = new GuestMemory(options, around.guard);
  const lifts = host.params.map(liftFlat);
  const call = host.call as (...args: unknown[]) => unknown;
  const finish = finishOf(host.returns);
  const lowering: Lowering = { memory, handles };
  return (...args) => {
    try {
      around.enter();
      checkMayLeave(around.guard);
      memory.begin();
      const { outputBytes, logBytes } = around.limits();
      const lifting: Lifting = {
        memory,
        args,
        next: 0,
        budget: outputBytes + CALL_BYTES,
        mostText: logBytes,
        handles,
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

/** What a guest calls when it gives up a handle. @param resource undefined for one that nobody hands out. */
export function dropResource(resource: Resource | undefined, around: Surroundings): CoreFunction {
  return (handle) => {
    try {
      checkMayLeave(around.guard);
      if (resource === undefined) throw new AbiFault(`there is no handle ${handle}`);
      around.handles.remove(resource, handle as number);
      return undefined;
    } catch (error) {
      return around.fault(error);
    }
  };
}

function checkMayLeave(guard: LeaveGuard): void {
  if (!guard.mayLeave) throw new AbiFault('the guest called the host while it allocated for it');
}

type Finish = (lowering: Lowering, value: unknown, returnPointer: number) => CoreValue | undefined;

function finishOf(returns: AbiType | undefined): Finish {
  if (returns === undefined) return () => undefined;
  if (flatOf(returns).length <= MAX_FLAT_RESULTS) return flatResult(returns);
  const { size, align } = layoutOf(returns);
  const put = store(returns);
  return (lowering, value, returnPointer) => {
    const address = lowering.memory.area(returnPointer, size, align);
    put(lowering, value as never, address);
    return undefined;
  };
}

function flatResult(returns: AbiType): Finish {
  if (isPrimitive(returns)) {
    const { lower } = PRIMITIVES[returns];
    return (_, value) => lower(value as never);
  }
  if (typeof returns === 'object') {
    if (returns.kind === 'own') return (lowering, value) => lowering.handles.add(returns.resource, value);
    if (returns.kind === 'enum') return (_, value) => returns.of.indexOf(value as string);
    if (returns.kind === 'flags') return (_, value) => value as number;
    if (returns.kind === 'result') return (_, value) => ((value as { readonly tag: string }).tag === 'ok' ? 0 : 1);
  }
  throw new Error('no host function answers with a single core value of such a type');
}
