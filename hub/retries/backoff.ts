/** How long a run waits for its next attempt. Pure. */
import type { RetryPolicy } from '../manifest/index.js';
import { attemptSeed } from './attempt-seed.js';

/**
 * The wait after an attempt that failed, in milliseconds, from half of
 * `backoffMs * 2^(attempt - 1)`, or of `maxBackoffMs` where that is less, to
 * all of it.
 *
 * The half that is random ("equal jitter") keeps runs that failed together
 * from failing together again. The other half is certain, as what they wait
 * for, a device or an outbox, needs some time whatever is drawn. It is drawn
 * from the run's seed: the same run waits the same.
 *
 * @param attempt The one that failed, from 1.
 */
export function backoffMs({ backoffMs, maxBackoffMs }: RetryPolicy, attempt: number, seed: number): number {
  // Beyond 2^40 every wait that a manifest may name is at its longest.
  const full = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(attempt - 1, 40));
  const drawn = attemptSeed(seed, -attempt) / 2 ** 53;
  return Math.round(full / 2 + (full / 2) * drawn);
}
