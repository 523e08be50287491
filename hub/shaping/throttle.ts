/**
 * Throttle: items go on at least `everyMs` apart. The first goes at once if
 * `leading`; of those within an interval the last goes at its end if
 * `trailing`. Pure.
 */
import type { Throttle } from '../manifest/index.js';
import type { Step } from './step.js';

export interface ThrottleState<T> {
  /** When the interval ends. */
  readonly openAtMs: number;
  /** What goes then. */
  readonly waiting?: { readonly item: T };
}

/** An item comes. At the very end of an interval, the waiting one goes first and begins the next. */
export function throttle<T>(
  rule: Throttle,
  state: ThrottleState<T> | undefined,
  item: T,
  nowMs: number,
): Step<ThrottleState<T>, T> {
  if (state !== undefined && nowMs >= state.openAtMs) {
    const ended = throttleEnd(rule, state, nowMs);
    const next = throttle(rule, ended.state, item, nowMs);
    return { ...next, passed: [...ended.passed, ...next.passed] };
  }
  if (state === undefined) {
    const openAtMs = nowMs + rule.everyMs;
    if (rule.leading) return { state: { openAtMs }, passed: [item], folded: [] };
    return { state: { openAtMs, waiting: { item } }, passed: [], folded: [] };
  }
  if (!rule.trailing) return { state, passed: [], folded: [{ item, reason: 'throttled' }] };
  const { openAtMs, waiting } = state;
  return {
    state: { openAtMs, waiting: { item } },
    passed: [],
    folded: waiting === undefined ? [] : [{ item: waiting.item, reason: 'throttled', by: item }],
  };
}

/** The interval is over: what waits goes on, and begins another. */
export function throttleEnd<T>(rule: Throttle, state: ThrottleState<T>, nowMs: number): Step<ThrottleState<T>, T> {
  if (state.waiting === undefined) return { state: undefined, passed: [], folded: [] };
  return { state: { openAtMs: nowMs + rule.everyMs }, passed: [state.waiting.item], folded: [] };
}
