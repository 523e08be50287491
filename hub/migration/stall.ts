/** Whether a run comes no further at a provider that is heard: pure. */
import { MIGRATION_BOUNDS } from './limits.js';

export interface StallFacts {
  /** Since its last point came, or since it went there, in milliseconds. */
  readonly sinceMs: number;
  /** The longest that it took to come to a point there. */
  readonly longestMs: number;
  /** Between two points, of execution. */
  readonly pointMs: number;
  /** How long a provider that is not heard may go on. */
  readonly reclaimMs: number;
  /** Whether the hub may go on with it: runs move of their own accord, or somebody wants it here. */
  readonly mayTake: boolean;
}

/**
 * `stalls`: people are told. `take-back`: the hub goes on with it.
 *
 * A provider that does not answer is given no longer than one that is not heard; but whose points took long, as they are
 * large or it has much to do, is given a multiple of that.
 */
export function stallOf({
  sinceMs,
  longestMs,
  pointMs,
  reclaimMs,
  mayTake,
}: StallFacts): 'none' | 'stalls' | 'take-back' {
  if (sinceMs < Math.max(reclaimMs, MIGRATION_BOUNDS.stallFactor * Math.max(longestMs, pointMs))) return 'none';
  return mayTake ? 'take-back' : 'stalls';
}
