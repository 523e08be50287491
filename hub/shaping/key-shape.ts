/**
 * What one trigger's shaping does with the items of one key: `onChange`, then
 * `debounce`, then `throttle`. Pure.
 *
 * On-change comes first so that a device that repeats itself does not keep a
 * debounce from ever being quiet; throttle comes last so that what runs is
 * apart, whatever let it go.
 */
import type { Shaping } from '../manifest/index.js';
import { debounce, debounceDueMs, type DebounceState } from './debounce.js';
import { valueFingerprint } from './fingerprint.js';
import type { Folded, Step } from './step.js';
import { throttle, throttleEnd, type ThrottleState } from './throttle.js';

/** What is remembered of a key: plain data, apart from the items that wait. */
export interface KeyState<T> {
  /** Fingerprint of the value that `onChange` looks at. */
  readonly value?: string | undefined;
  readonly debounce?: DebounceState<T> | undefined;
  readonly throttle?: ThrottleState<T> | undefined;
}

type KeyStep<T> = Step<KeyState<T>, T> & { readonly state: KeyState<T> };

/** An item of the key comes. */
export function shape<T extends { readonly event: { readonly payload: Uint8Array } }>(
  rules: Shaping,
  state: KeyState<T>,
  item: T,
  nowMs: number,
): KeyStep<T> {
  let after = state;
  if (rules.onChange !== undefined) {
    const value = valueFingerprint(item.event.payload, rules.onChange);
    if (value === undefined) return { state, passed: [], folded: [{ item, reason: 'no-value' }] };
    if (value === state.value) return { state, passed: [], folded: [{ item, reason: 'unchanged' }] };
    after = { ...state, value };
  }
  if (rules.debounce === undefined) return throttled(rules, after, [item], [], nowMs);
  const step = debounce(rules.debounce, after.debounce, item, nowMs);
  return throttled(rules, { ...after, debounce: step.state }, step.passed, step.folded, nowMs);
}

/** When `wake` is to be called, if nothing comes before. */
export function dueMs<T>(rules: Shaping, state: KeyState<T>): number | undefined {
  const quiet =
    rules.debounce === undefined || state.debounce === undefined
      ? Infinity
      : debounceDueMs(rules.debounce, state.debounce);
  const open = state.throttle?.waiting === undefined ? Infinity : state.throttle.openAtMs;
  const due = Math.min(quiet, open);
  return due === Infinity ? undefined : due;
}

/** Time has passed: what is due goes on. */
export function wake<T>(rules: Shaping, state: KeyState<T>, nowMs: number): KeyStep<T> {
  let after = state;
  const passed: T[] = [];
  // First what has waited longest, which was let go by the debounce before.
  if (rules.throttle !== undefined && after.throttle !== undefined && nowMs >= after.throttle.openAtMs) {
    const step = throttleEnd(rules.throttle, after.throttle, nowMs);
    passed.push(...step.passed);
    after = { ...after, throttle: step.state };
  }
  if (rules.debounce === undefined || after.debounce === undefined) return { state: after, passed, folded: [] };
  if (nowMs < debounceDueMs(rules.debounce, after.debounce)) return { state: after, passed, folded: [] };
  const step = throttled(rules, { ...after, debounce: undefined }, [after.debounce.waiting], [], nowMs);
  return { ...step, passed: [...passed, ...step.passed] };
}

/** The items of a key that wait, oldest first. */
export function waitingOf<T>({ throttle, debounce }: KeyState<T>): readonly T[] {
  const first = throttle?.waiting === undefined ? [] : [throttle.waiting.item];
  return debounce === undefined ? first : [...first, debounce.waiting];
}

/** The same with other items in the place of those that wait. */
export function withItems<T>(state: KeyState<T>, change: (item: T) => T): KeyState<T> {
  const { debounce, throttle } = state;
  return {
    ...state,
    debounce: debounce && { ...debounce, waiting: change(debounce.waiting) },
    throttle:
      throttle?.waiting === undefined ? throttle : { ...throttle, waiting: { item: change(throttle.waiting.item) } },
  };
}

function throttled<T>(
  rules: Shaping,
  state: KeyState<T>,
  items: readonly T[],
  before: readonly Folded<T>[],
  nowMs: number,
): KeyStep<T> {
  if (rules.throttle === undefined) return { state, passed: items, folded: before };
  let after = state.throttle;
  const passed: T[] = [];
  const folded = [...before];
  for (const item of items) {
    const step = throttle(rules.throttle, after, item, nowMs);
    after = step.state;
    passed.push(...step.passed);
    folded.push(...step.folded);
  }
  return { state: { ...state, throttle: after }, passed, folded };
}
