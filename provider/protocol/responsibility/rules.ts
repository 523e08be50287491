/** The questions on which the protocol rests, each answered from one side's state alone. */
import { RESPONSIBILITY_BOUNDS } from './limits.js';
import type { HeldMessage, PointMessage, Wait } from './messages.js';
import { executorOf, type Side, type Stub } from './stub.js';

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
export function isResponsible(stub: Stub, rules: SafetyRules = SAFETY_RULES): boolean {
  const { side } = stub;
  if (stub.offer && !rules.mayTakeBack(side)) return false;
  if (!isExecutor(stub)) return stub.responsible === side;
  return stub.agreed === side && stub.open.every((each) => each.responsible === side);
}

export function mayExecute(state: State, rules: SafetyRules = SAFETY_RULES): boolean {
  if (!isExecutor(state) || state.offer || state.end || state.over) return false;
  if (!state.linked) return isResponsible(state, rules);
  const ahead = state.mode === 'synchronous' ? 0 : RESPONSIBILITY_BOUNDS.pointsAhead;
  return state.point - Math.max(state.common, state.base) <= ahead;
}

/** What a side without a link waits for before it takes the run; undefined: it does not take it. */
export function waitToTake(state: State, rules: SafetyRules = SAFETY_RULES): Wait | undefined {
  if (state.linked || state.over || state.epoch < 0 || mayExecute(state, rules)) return undefined;
  // It is at its end, and waits only to say so.
  if (isExecutor(state) && !state.offer && isResponsible(state, rules)) return undefined;
  if (isResponsible(state, rules)) return 'lease';
  return state.side === 'hub' ? 'reclaim' : undefined;
}

/**
 * Whether what the other side says rests on what this one has said, and does not have: a provider kept its stub in memory,
 * or a disk is of an earlier time. None of it can be taken, then or later.
 */
export function hasForgotten({ side, epoch, point, offer }: Stub, message: PointMessage | HeldMessage): boolean {
  if (message.epoch < epoch) return false;
  const isNew = message.epoch > epoch;
  // Who holds an offer has begun another epoch with it.
  if (message.type === 'held') return isNew || message.point > (offer ? point - 1 : point);
  if (isNew && !message.whole) return true;
  // A provider is sent everything. The hub has held what an epoch begins with, and knows the epoch before.
  if (isNew && side === 'provider') return false;
  return message.from > point || message.epoch > epoch + 1;
}

/** The rules that keep effects right. A test breaks them one by one. */
export interface SafetyRules {
  /** Whether a message of `epoch` may change this side. */
  readonly admits: (stub: Stub, epoch: number) => boolean;
  /** The point up to which the hub may release effects: the side that would go on holds it. */
  readonly releasable: (stub: Stub) => number;
  /** Whether a side that offered the run, and was not answered, may go on with it. */
  readonly mayTakeBack: (side: Side) => boolean;
}

export const SAFETY_RULES: SafetyRules = {
  admits: (stub, epoch) => epoch >= stub.epoch,
  releasable: (stub) => {
    // What the provider executed, or what the hub alone would go on with, is safe here.
    if (!isExecutor(stub) || (!stub.offer && isResponsible(stub, SAFETY_RULES))) return stub.point;
    return Math.max(stub.base, stub.common);
  },
  // A provider that did would raise the epoch twice unheard, past what the hub reclaims with.
  mayTakeBack: (side) => side === 'hub',
};
