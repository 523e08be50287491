/** Which firings of a timer are to happen now, and which are not to be. Pure. */
import { SCHEDULE_BOUNDS } from './limits.js';
import type { CatchUp, Moments } from '../manifest/index.js';

export interface Due {
  /** To fire, in this order: when each was scheduled. */
  readonly fire: readonly number[];
  /** Those before the first of `fire` that do not; undefined when there are none. */
  readonly missed: Missed | undefined;
}

export interface Missed {
  /** Counted up to a bound. */
  readonly count: number;
  /** Whether there were more than counted. */
  readonly orMore: boolean;
  /** When the last of them was scheduled. */
  readonly lastMs: number;
}

const NOTHING: Due = { fire: [], missed: undefined };

/**
 * What is due of a timer of which everything up to `dealtMs` is dealt with.
 *
 * The last firing that is due happens if it is hardly late, whatever
 * `catchUp` says: no clock is looked at without a moment's delay. The others
 * were missed, as was the last one if it is late: then `last` lets it happen
 * all the same, and `all` the newest ones up to a bound.
 */
export function dueOf(moments: Moments, catchUp: CatchUp, { dealtMs, nowMs }: Span): Due {
  const { due, orMore } = momentsIn(moments, { dealtMs, nowMs });
  const last = due.at(-1);
  if (last === undefined) return NOTHING;
  const isLate = nowMs - last > SCHEDULE_BOUNDS.lateFiringMs;
  const firing = catchUp === 'all' ? due.length : catchUp === 'none' && isLate ? 0 : 1;
  const fire = due.slice(due.length - firing);
  const notToBe = due.slice(0, due.length - firing);
  if (notToBe.length === 0 && !orMore) return { fire, missed: undefined };
  // Of those that were not looked at only this is known: they are before the first that was.
  const lastMs = notToBe.at(-1) ?? (fire[0] ?? nowMs) - 1;
  return { fire, missed: { count: notToBe.length, orMore, lastMs } };
}

/** After `dealtMs`, up to `nowMs`. */
export interface Span {
  readonly dealtMs: number;
  readonly nowMs: number;
}

/** The newest moments of a span, up to a bound, and whether it has more. */
function momentsIn(moments: Moments, { dealtMs, nowMs }: Span): { due: readonly number[]; orMore: boolean } {
  const due: number[] = [];
  // Usually there is one, found by looking forward.
  for (let next = moments.next(dealtMs); next !== undefined && next <= nowMs; next = moments.next(next)) {
    if (due.length === SCHEDULE_BOUNDS.caughtUpFirings) {
      return { due: moments.latest(nowMs, SCHEDULE_BOUNDS.caughtUpFirings), orMore: true };
    }
    due.push(next);
  }
  return { due, orMore: false };
}
