/** Which run has to leave its thread, so that one that waits gets one. Pure. */

/** A run that holds a thread: it has had it for some time, and nobody knows for how long it will. */
export interface Holder {
  readonly runId: string;
  readonly thread: number;
  /** 0 to 9; 9 is most urgent. */
  readonly priority: number;
  readonly heldMs: number;
  /** Whether it can stand still. */
  readonly parks: boolean;
  /** It was asked to stand still, and will within moments. */
  readonly isLeaving: boolean;
}

/** A run that waits for a thread. */
export interface Need {
  readonly priority: number;
  /** It takes long itself: no thread more is started for it. */
  readonly isLong: boolean;
  /** The only one that it may go to; undefined for any. */
  readonly thread: number | undefined;
}

export interface Situation {
  readonly threads: number;
  readonly holders: readonly Holder[];
  readonly needs: readonly Need[];
  /** From when on a run that is not parked gets a thread of its own. */
  readonly ownThreadMs: number;
}

export type Move =
  /** It stands still until its turn comes again. */
  | { readonly kind: 'park'; readonly runId: string }
  /** It keeps its thread, and the others get a new one. */
  | { readonly kind: 'set-apart'; readonly runId: string };

/**
 * The next move; undefined when those that wait get a thread without one.
 *
 * A run is parked for a more urgent one only: of those that are less urgent the least, and of these the one that has had
 * its thread for longest. Where none can be, the one that holds its thread for longest gets one of its own.
 */
export function whoLeaves({ threads, holders, needs, ownThreadMs }: Situation): Move | undefined {
  for (const need of needs.toSorted((a, b) => b.priority - a.priority)) {
    const inTheWay = holders.filter(({ thread }) => need.thread === undefined || thread === need.thread);
    const isHeld = inTheWay.length >= (need.thread === undefined ? threads : 1);
    if (!isHeld || inTheWay.some(({ isLeaving }) => isLeaving)) continue;
    const [least] = inTheWay
      .filter(({ parks, priority }) => parks && priority < need.priority)
      .toSorted((a, b) => a.priority - b.priority || b.heldMs - a.heldMs);
    if (least !== undefined) return { kind: 'park', runId: least.runId };
    const [longest] = inTheWay.toSorted((a, b) => b.heldMs - a.heldMs);
    if (!need.isLong && longest !== undefined && longest.heldMs >= ownThreadMs)
      return { kind: 'set-apart', runId: longest.runId };
  }
  return undefined;
}
