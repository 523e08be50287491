/** Who is to go on if the link is lost, and whether the executing side waits for the other: decided at each point. */
import { RESPONSIBILITY_BOUNDS, type Side, type Stub } from '../responsibility/index.js';
import { MIGRATION_BOUNDS } from './limits.js';
import type { LinkQuality } from './link-measure.js';
import type { Terms } from './ports.js';

export interface ProposalFacts {
  /** Which executes. */
  readonly side: Side;
  readonly isLinked: boolean;
  readonly terms: Terms;
  readonly link: LinkQuality;
  /** What goes over the link with this point. */
  readonly bytes: number;
  /** What the run has taken so far, and takes in a millisecond; 0 when nobody knows. */
  readonly fuel: number;
  readonly fuelPerMs: number;
  readonly leaseMs: number;
  /** What is agreed now. */
  readonly before: Pick<Stub, 'responsible' | 'mode'>;
}

export interface Proposed {
  readonly responsible: Side;
  readonly mode: Stub['mode'];
  /** In a sentence. */
  readonly why: string;
}

/** A mode is left only for one that costs so much less: measurements vary. */
const WORTH_CHANGING = 2;

/** Pure. */
export function propose(facts: ProposalFacts): Proposed {
  const { responsible, why } = responsibleFor(facts);
  const { mode, because } = modeFor(facts, responsible);
  return { responsible, mode, why: `${why}; ${because}` };
}

function responsibleFor(facts: ProposalFacts): Pick<Proposed, 'responsible' | 'why'> {
  const { side, isLinked, terms, leaseMs } = facts;
  if (!isLinked) return { responsible: side, why: `the ${side} goes on alone, as there is no link` };
  if (terms.responsible !== undefined) {
    return { responsible: terms.responsible, why: `the ${terms.responsible} is responsible, as the hub asked for` };
  }
  if (side === 'hub') return { responsible: side, why: 'the hub is responsible, as it executes' };
  const { isForHere, isUrgent, sparesHub } = terms;
  const leftMs = remainingMs(facts);
  if (leftMs !== undefined && leftMs < leaseMs) {
    return { responsible: side, why: 'the provider is responsible, as it ends before a lost link is known' };
  }
  if (!isForHere) {
    return { responsible: side, why: 'the provider is responsible, as it executes and nothing waits for the effects' };
  }
  if (isUrgent === true) {
    return { responsible: 'hub', why: 'the hub is responsible, as devices there wait for the effects' };
  }
  if (sparesHub === true) {
    return { responsible: side, why: 'the provider is responsible, as the hub is on battery or hot' };
  }
  return byOutage(facts, leftMs ?? soFarMs(facts));
}

/**
 * Of effects that devices at the hub get, but do not wait for. What is left longer than a link is lost comes as soon, and
 * nothing is done twice, when the provider goes on; what ends earlier would wait there for the link.
 */
function byOutage(facts: ProposalFacts, leftMs: number): Pick<Proposed, 'responsible' | 'why'> {
  const { side, terms, link, before } = facts;
  const { outageMs } = link;
  if (outageMs > terms.reclaimMs) {
    const [lost, waits] = [seconds(outageMs), seconds(terms.reclaimMs)];
    return {
      responsible: 'hub',
      why: `the hub is responsible, as a lost link takes ${lost} and it waits ${waits} only`,
    };
  }
  const margin = before.responsible === side ? 1 : MIGRATION_BOUNDS.outageMargin;
  const isLong = leftMs > outageMs * margin;
  const why = `it has ${seconds(leftMs)} left, and a lost link takes ${seconds(outageMs)}`;
  return isLong
    ? { responsible: side, why: `the provider is responsible, as ${why}` }
    : { responsible: 'hub', why: `the hub is responsible, as ${why}` };
}

/** Compares what a stretch costs in time: the wait for the other side, or what is executed twice when the link is lost. */
function modeFor(facts: ProposalFacts, responsible: Side): { mode: Stub['mode']; because: string } {
  const { side, isLinked, terms, link, bytes, before } = facts;
  if (terms.mode !== undefined) return { mode: terms.mode, because: `${terms.mode}, as the hub asked for` };
  if (!isLinked) return { mode: before.mode, because: `${before.mode} once there is a link` };
  const waitMs = link.holdMs(bytes);
  const ahead = Math.min(RESPONSIBILITY_BOUNDS.pointsAhead, Math.ceil(waitMs / terms.pointMs)) + 1;
  const twiceMs = responsible === side ? 0 : link.lossesPerMs * (terms.pointMs + waitMs) * ahead * terms.pointMs;
  const waits = `${waitMs.toFixed(1)} ms`;
  const goesOn = `${twiceMs.toFixed(1)} ms`;
  const factor = before.mode === 'synchronous' ? WORTH_CHANGING : 1 / WORTH_CHANGING;
  return twiceMs * factor < waitMs
    ? { mode: 'asynchronous', because: `asynchronous, as waiting costs ${waits} a point and going on ${goesOn}` }
    : { mode: 'synchronous', because: `synchronous, as going on costs ${goesOn} a point and waiting ${waits}` };
}

/** Undefined for a run of which nobody knows, or that took more than expected. */
function remainingMs({ terms, fuel, fuelPerMs }: ProposalFacts): number | undefined {
  if (terms.expectedFuel <= fuel || fuelPerMs <= 0) return undefined;
  return (terms.expectedFuel - fuel) / fuelPerMs;
}

/** As much again as it took is what is left of a run of which nobody knows. */
function soFarMs({ fuel, fuelPerMs }: ProposalFacts): number {
  return fuelPerMs > 0 ? fuel / fuelPerMs : 0;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
