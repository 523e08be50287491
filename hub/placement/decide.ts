/** Where one run executes, and why: pure. */
import {
  cheaperSide,
  isMuchLess,
  localCost,
  remoteCost,
  type LocalSide,
  type RemoteSide,
  type Standing,
} from './cost.js';
import { PLACEMENT_BOUNDS } from './limits.js';
import type { PlacementPolicy } from './policy.js';

export interface Question {
  readonly policy: PlacementPolicy;
  /** Why the run must not leave the hub; undefined when it may. */
  readonly keptHere: string | undefined;
  /** Predicted. */
  readonly fuel: number;
  readonly local: LocalSide & {
    readonly hasRoom: boolean;
    /** What those that wait behind it would take here, all threads together. */
    readonly backlogMs: number;
  };
  /** The best provider; undefined when none takes the task. */
  readonly remote: (RemoteSide & { readonly name: string; readonly hasRoom: boolean }) | undefined;
  /** Why none does, of those that have said so. */
  readonly refusals?: readonly string[];
  readonly standing: Standing | undefined;
  readonly nowMs: number;
  /** Of a run that could stand still: why it cannot move to that provider, if it cannot. Left out for any other run. */
  readonly moving?: { readonly hindrance: string | undefined };
}

/** A decision is a value, kept with the run. */
export interface Decision {
  /** `wait`: it may only run at a provider, and none takes it now. */
  readonly side: 'local' | 'remote' | 'wait';
  /** The provider's name, for `remote`. */
  readonly provider?: string;
  /** One sentence. */
  readonly reason: string;
  /** It goes elsewhere to make room: where the task belongs is as it was. */
  readonly isRelief?: true;
  /** It begins there as one that moves, and can come home; without it, it is executed there as a whole. */
  readonly moves?: true;
  readonly fuel: number;
  /** Expected time to its outcome on each side, as far as it was looked at. */
  readonly localMs?: number;
  readonly remoteMs?: number;
}

export function decide(question: Question): Decision {
  const decision = sideFor(question);
  return decision.side === 'remote' ? whetherItMoves(decision, question) : decision;
}

/**
 * A short run is home before anybody could call it back. Of one that nobody knows, its task says that it can take long;
 * one that may execute at a provider only has no other place to go on.
 */
function whetherItMoves(decision: Decision, { policy, fuel, remote, moving }: Question): Decision {
  if (moving === undefined || remote === undefined || policy === 'remote-only') return decision;
  const thereMs = fuel / remote.fuelPerMs;
  if (fuel > 0 && thereMs < PLACEMENT_BOUNDS.longMs) return decision;
  const { reason } = decision;
  const { hindrance } = moving;
  if (hindrance !== undefined)
    return { ...decision, reason: `${reason}; it stays there until it ends, as ${hindrance}` };
  const howLong = fuel > 0 ? `it takes about ${shown(thereMs)} there` : 'nobody knows how long it takes';
  return { ...decision, moves: true, reason: `${reason}; ${howLong}, and it can come home` };
}

function sideFor(question: Question): Decision {
  const { policy, keptHere, fuel, remote } = question;
  if (keptHere !== undefined) return { side: 'local', fuel, reason: keptHere };
  if (policy === 'local-only') return { side: 'local', fuel, reason: 'its placement is local-only' };
  if (remote === undefined || !remote.hasRoom) return without(question);
  const at = { side: 'remote', provider: remote.name, fuel } as const;
  switch (policy) {
    case 'remote-only':
      return { ...at, reason: 'its placement is remote-only' };
    case 'prefer-remote':
      return { ...at, reason: 'its placement is prefer-remote, and a provider takes it' };
    case 'prefer-local':
      return question.local.hasRoom
        ? { side: 'local', fuel, reason: 'its placement is prefer-local, and a thread is free here' }
        : { ...at, reason: 'its placement is prefer-local, and all threads here are busy' };
    case 'auto':
      return byCost(question, remote);
  }
}

function without({ policy, fuel, remote, refusals = [] }: Question): Decision {
  const none = ['no provider takes it now', ...(refusals.length === 0 ? [] : [refusals.join('; ')])].join(': ');
  const why = remote === undefined ? none : `the provider ${remote.name} has no room now`;
  if (policy === 'remote-only') return { side: 'wait', fuel, reason: `its placement is remote-only, and ${why}` };
  return { side: 'local', fuel, reason: why };
}

function byCost({ fuel, local, standing, nowMs }: Question, remote: NonNullable<Question['remote']>): Decision {
  const localMs = localCost(fuel, local);
  const remoteMs = remoteCost(fuel, remote);
  // Whoever tries something out does not wait for the difference to be large.
  const isTrial = !local.isMeasured || !remote.isMeasured;
  const side = cheaperSide({ localMs, remoteMs }, isTrial ? undefined : standing, nowMs);
  const backlogMs = localMs + local.backlogMs;
  if (side === 'local' && !local.hasRoom && isMuchLess(remoteMs, backlogMs)) {
    const reason = `all threads here are busy: what waits takes ${shown(backlogMs)} here, and this one ${shown(remoteMs)} at ${remote.name}`;
    return { side: 'remote', provider: remote.name, isRelief: true, fuel, localMs, remoteMs, reason };
  }
  const costs = `${shown(localMs)} here and ${shown(remoteMs)} at ${remote.name}`;
  const isCheaper = (side === 'remote') === remoteMs < localMs;
  const trial = isTrial ? ', where it is to be seen how long the work itself takes' : '';
  const reason = isCheaper
    ? `it is expected to take ${costs}${trial}`
    : `it is expected to take ${costs}, which is not enough of a difference to move`;
  return side === 'remote'
    ? { side, provider: remote.name, fuel, localMs, remoteMs, reason }
    : { side, fuel, localMs, remoteMs, reason };
}

function shown(ms: number): string {
  return ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`;
}
