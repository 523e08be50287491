/** What a side keeps of a run that may move, on its disk: all that the rules need after a crash. */

export type Side = 'hub' | 'provider';

/** Whether the executing side waits for each point to be held, or goes on, some points ahead. */
type Mode = 'synchronous' | 'asynchronous';

/** What is agreed at a point for the stretch after it. */
export interface Proposal {
  /** The side that goes on if the link is lost. */
  readonly responsible: Side;
  readonly mode: Mode;
  /** The other side executes from here on. */
  readonly offer: boolean;
  /** The run is over here: an outcome goes with the point. */
  readonly end: boolean;
}

export interface Stub extends Proposal {
  readonly side: Side;
  /** Who executes: the hub in an even one, the provider in an odd one. So no two sides ever have the same. */
  readonly epoch: number;
  /** The point at which the epoch began. */
  readonly base: number;
  /** The last point that is held here. */
  readonly point: number;
  /** The executing side's: the last point of this epoch that the other holds; -1 while it may not know the epoch. */
  readonly common: number;
  /** The executing side's: who was responsible as of `common`. */
  readonly agreed: Side;
  /** The executing side's: from which points on, after `common`, another side is proposed as responsible. */
  readonly open: readonly { readonly point: number; readonly responsible: Side }[];
  /** The hub's: the point up to which effects are released. */
  readonly released: number;
  /** The hub's: the run has its one outcome, and nothing happens any more. */
  readonly over: boolean;
}

/** The side that executes in an epoch. */
export function executorOf(epoch: number): Side {
  return epoch % 2 === 0 ? 'hub' : 'provider';
}

/** The least epoch above this one in which `side` executes. */
export function nextEpochOf(side: Side, epoch: number): number {
  return executorOf(epoch + 1) === side ? epoch + 1 : epoch + 2;
}

const BEGINNING = { base: 0, point: 0, common: -1, open: [], released: 0, over: false } as const;
const ALONE = { responsible: 'hub', agreed: 'hub', mode: 'synchronous', offer: false, end: false } as const;

/** A run that begins, at the hub. */
export const NEW_RUN: Stub = { ...BEGINNING, ...ALONE, side: 'hub', epoch: 0 };

/** The provider's side before a run has come, and after it is over. */
export const NO_RUN: Stub = { ...BEGINNING, ...ALONE, side: 'provider', epoch: -2 };
