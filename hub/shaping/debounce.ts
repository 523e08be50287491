/**
 * Debounce: the last item of a burst goes on when it has been quiet for
 * `waitMs`, or `maxWaitMs` after the first when it never is. Pure.
 */
import type { Debounce } from '../manifest/index.js';
import type { Step } from './step.js';

export interface DebounceState<T> {
  readonly waiting: T;
  /** When the burst began. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** When the waiting item goes on, unless another comes before. */
export function debounceDueMs(
  { waitMs, maxWaitMs }: Debounce,
  { firstAtMs, lastAtMs }: DebounceState<unknown>,
): number {
  return Math.min(lastAtMs + waitMs, maxWaitMs === undefined ? Infinity : firstAtMs + maxWaitMs);
}

/** An item comes. One that comes at the very moment the waiting one is due does not replace it. */
export function debounce<T>(
  rule: Debounce,
  state: DebounceState<T> | undefined,
  item: T,
  nowMs: number,
): Step<DebounceState<T>, T> {
  const begun = { waiting: item, firstAtMs: nowMs, lastAtMs: nowMs };
  if (state === undefined) return { state: begun, passed: [], folded: [] };
  const { waiting, firstAtMs } = state;
  if (nowMs >= debounceDueMs(rule, state)) return { state: begun, passed: [waiting], folded: [] };
  return {
    state: { waiting: item, firstAtMs, lastAtMs: nowMs },
    passed: [],
    folded: [{ item: waiting, reason: 'debounced', by: item }],
  };
}
