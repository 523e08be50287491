import { executorOf, isExecutor, isResponsible, type Side, type State } from '../responsibility/index.js';

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

/** Whether the other side should say something, and what was said to it is said again if it does not. */
export function isUnanswered(state: State): boolean {
  const { side, over, epoch, common, point } = state;
  if (over || epoch < 0) return false;
  // A provider that has lost the run may have said so in vain.
  return isExecutor(state) ? common < point : side === 'hub';
}

export function statusOf(
  state: State,
  { isDropped, ...more }: Pick<MigrationStatus, 'isExecuting' | 'why' | 'fuel'> & { readonly isDropped: boolean },
): MigrationStatus {
  const { epoch, base, point, common, mode, linked, over } = state;
  return {
    ...more,
    executes: executorOf(epoch),
    epoch,
    point,
    mode,
    lag: isExecutor(state) ? point - Math.max(base, common) : 0,
    responsible: responsibleIn(state),
    isLinked: linked,
    isOver: over || isDropped,
  };
}

function responsibleIn(state: State): Side | undefined {
  const { side } = state;
  const other = otherThan(side);
  if (isResponsible(state)) return side;
  if (!isExecutor(state)) return state.responsible;
  const isAgreed = state.agreed === other && state.open.every(({ responsible }) => responsible === other);
  return isAgreed && !state.offer ? other : undefined;
}
