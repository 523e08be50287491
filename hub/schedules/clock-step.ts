/** The machine's clock was set: how far a timer has come by it now. Pure. */
import { SCHEDULE_BOUNDS } from './limits.js';
import type { When } from '../manifest/index.js';
import type { StoredSchedule } from '../store/index.js';

/** The machine's clock, now and when it was looked at before; undefined for not since the hub was started. */
export interface Looks {
  readonly nowMs: number;
  readonly beforeMs: number | undefined;
}

/**
 * How far a timer has come by a clock that may have been set; the same object if nothing changes.
 *
 * A cron line names times on the clock: they are not to come twice, so it
 * waits until they are new ones, unless the clock was wrong by hours before.
 * `every` is about the time between two firings: it waits no longer than that
 * once more. Then the timer goes by the clock anew, from where that is now. If
 * the clock leaps on to where it has been, as on a machine that starts in 1970
 * and then asks the network, what was dealt with before is dealt with again.
 */
export function reachedAt(when: When, reached: StoredSchedule, { nowMs, beforeMs }: Looks): StoredSchedule {
  const { dealtMs, turn, furthestMs } = reached;
  const mostMs = when.kind === 'every' ? when.everyMs : SCHEDULE_BOUNDS.clockSetBackMs;
  if (dealtMs - nowMs > mostMs) {
    return { ...reached, dealtMs: nowMs, turn: turn + 1, furthestMs: Math.max(furthestMs ?? dealtMs, dealtMs) };
  }
  if (furthestMs === undefined || nowMs <= furthestMs) return reached;
  const leapt = beforeMs === undefined || nowMs - beforeMs > SCHEDULE_BOUNDS.lateFiringMs;
  return { ...reached, dealtMs: leapt ? Math.max(dealtMs, furthestMs) : dealtMs, furthestMs: undefined };
}
