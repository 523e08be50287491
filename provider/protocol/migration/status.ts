import { isExecutor, isResponsible, type Side, type State } from '../responsibility/index.js';

/** Where a run is, as this side knows it. */
export interface MigrationStatus {
  readonly executes: Side;
  /** Whether it executes here at this moment. */
  readonly isExecuting: boolean;
  readonly epoch: number;
  readonly point: number;
  readonly mode: 'synchronous' | 'asynchronous';
  /** Points that the other side is not known to hold. */
  readonly lag: number;
  /** Who goes on if the link is lost; undefined while nobody does, as it is being handed over. */
  readonly responsible: Side | undefined;
  /** Why, in a sentence. */
  readonly why: string;
  readonly isLinked: boolean;
  readonly isOver: boolean;
  /** At the last point. */
  readonly fuel: number;
}

export function otherThan(side: Side): Side {
  return side === 'hub' ? 'provider' : 'hub';
}

/** Points that the other side is not known to hold. */
export function lagOf(state: State): number {
  return isExecutor(state) ? state.point - Math.max(state.base, state.common) : 0;
}

/** Who goes on if the link is lost, as this side knows it. */
export function responsibleIn(state: State): Side | undefined {
  const { side } = state;
  const other = otherThan(side);
  if (isResponsible(state)) return side;
  if (!isExecutor(state)) return state.responsible;
  const isAgreed = state.agreed === other && state.open.every(({ responsible }) => responsible === other);
  return isAgreed && !state.offer ? other : undefined;
}
