/** What the two sides say to each other about a run, what happens to a side, and what it then does. */
import type { Proposal, Stub } from './stub.js';

/** The executing side's point. A checkpoint and the effects after `from` go with it. */
export interface PointMessage extends Proposal {
  readonly type: 'point';
  readonly epoch: number;
  readonly base: number;
  /** The point that the other is taken to hold. */
  readonly from: number;
  readonly point: number;
  /** The other may have nothing of this epoch: the checkpoint must not be a difference. */
  readonly whole: boolean;
}

/** The other side holds all up to this point. */
export interface HeldMessage {
  readonly type: 'held';
  readonly epoch: number;
  readonly point: number;
}

export type Message =
  | PointMessage
  | HeldMessage
  /** The provider has no stub of this run, or will not take it. */
  | { readonly type: 'nothing'; readonly epoch: number }
  /** The hub has the run's outcome: nothing of it is wanted any more. */
  | { readonly type: 'over' };

/** Waits that a side asks for; their lengths are its surroundings'. */
export type Wait =
  /** Until the other side's lease has surely ended. */
  | 'lease'
  /** `reclaimAfter`: how long the hub lets a provider go on that it does not hear. */
  | 'reclaim';

export type Input =
  | { readonly type: 'linked' }
  /** The link is closed, or the failure detector says so, or this side's own lease has ended. */
  | { readonly type: 'link-lost' }
  | { readonly type: 'message'; readonly message: Message }
  /** What was executed from `point` in `epoch` has come to the next point. */
  | { readonly type: 'reached'; readonly epoch: number; readonly point: number; readonly proposal: Proposal }
  /** A wait is over. */
  | { readonly type: 'waited'; readonly wait: Wait }
  /** Nothing has come for a while: says again what may have been lost. */
  | { readonly type: 'resend' }
  /** The hub's: the run is to have the outcome cancelled. */
  | { readonly type: 'cancel' };

/** What is to be done, in this order. What follows a `store` is said only when that is on disk, and may be executed before. */
export type Action =
  /** One transaction: the stub, and at the hub the effects that it releases and the outcome. */
  | {
      readonly type: 'store';
      readonly stub: Stub;
      /** Effects after the first point and up to the second become visible. */
      readonly release?: { readonly after: number; readonly through: number };
      readonly outcome?: 'of-the-run' | 'cancelled';
    }
  | { readonly type: 'send'; readonly message: Message }
  /** Executes from this point. */
  | { readonly type: 'resume'; readonly epoch: number; readonly point: number }
  /** Executes no further; what came after the last point is thrown away. */
  | { readonly type: 'halt' }
  | { readonly type: 'wait'; readonly wait: Wait };
