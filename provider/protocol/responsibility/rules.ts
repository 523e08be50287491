/** The questions on which the protocol rests, each answered from one side's state alone. */
import { RESPONSIBILITY_BOUNDS } from './limits.js';
import type { Wait } from './messages.js';
import { executorOf, type Stub } from './stub.js';

/** A side as it is now: its stub, and whether it has a link. After a crash it has none. */
export interface State extends Stub {
  readonly linked: boolean;
}

export function isExecutor({ side, epoch }: Stub): boolean {
  return executorOf(epoch) === side;
}

/**
 * Whether this side goes on without the other.
 *
 * Responsibility is given like a coin. Who proposes the other does not count on
 * itself from then on; who proposes itself waits until the other has agreed. In
 * between nobody has it, never both.
 */
function isResponsible(stub: Stub): boolean {
  const { side } = stub;
  // A provider that took back what it offered would raise the epoch twice unheard, past what the hub reclaims with.
  if (stub.offer && side === 'provider') return false;
  if (!isExecutor(stub)) return stub.responsible === side;
  return stub.agreed === side && stub.open.every((each) => each.responsible === side);
}

export function mayExecute(state: State): boolean {
  if (!isExecutor(state) || state.offer || state.end || state.over) return false;
  if (!state.linked) return isResponsible(state);
  const ahead = state.mode === 'synchronous' ? 0 : RESPONSIBILITY_BOUNDS.pointsAhead;
  return state.point - Math.max(state.common, state.base) <= ahead;
}

/** What a side without a link waits for before it takes the run; undefined: it does not take it. */
export function waitToTake(state: State): Wait | undefined {
  if (state.linked || state.over || state.epoch < 0 || mayExecute(state)) return undefined;
  // It is at its end, and waits only to say so.
  if (isExecutor(state) && !state.offer && isResponsible(state)) return undefined;
  if (isResponsible(state)) return 'lease';
  return state.side === 'hub' ? 'reclaim' : undefined;
}

/** The rules that keep effects right. A test breaks them one by one. */
export interface SafetyRules {
  /** Whether a message of `epoch` may change this side. */
  readonly admits: (stub: Stub, epoch: number) => boolean;
  /** The point up to which the hub may release effects: the side that would go on holds it. */
  readonly releasable: (stub: Stub) => number;
}

export const SAFETY_RULES: SafetyRules = {
  admits: (stub, epoch) => epoch >= stub.epoch,
  releasable: (stub) => {
    // What the provider executed, or what the hub alone would go on with, is safe here.
    if (!isExecutor(stub) || (!stub.offer && isResponsible(stub))) return stub.point;
    return Math.max(stub.base, stub.common);
  },
};
