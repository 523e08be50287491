import t from 'tap';
import type { Throttle } from '../../../hub/manifest/index.js';
import { throttle, throttleEnd, type ThrottleState } from '../../../hub/shaping/throttle.js';

/** What goes on, and when, if these come one after another; waiting ones go at the end of their interval. */
function sent(edges: Pick<Throttle, 'leading' | 'trailing'>, comes: readonly (readonly [string, number])[]): string[] {
  const rule: Throttle = { everyMs: 100, ...edges };
  const out: string[] = [];
  let state: ThrottleState<string> | undefined;
  for (const [item, atMs] of [...comes, ['end', 10_000] as const]) {
    while (state?.waiting !== undefined && state.openAtMs < atMs) {
      const at = state.openAtMs;
      const step = throttleEnd(rule, state, at);
      state = step.state;
      for (const one of step.passed) out.push(`${one}@${at}`);
    }
    if (item === 'end') break;
    const step = throttle(rule, state, item, atMs);
    state = step.state;
    for (const one of step.passed) out.push(`${one}@${atMs}`);
  }
  return out;
}

const BURST = [
  ['a', 0],
  ['b', 30],
  ['c', 60],
] as const;

t.test('with both edges, the first goes at once and the last at the end of the interval', (t) => {
  t.same(sent({ leading: true, trailing: true }, BURST), ['a@0', 'c@100']);
  t.same(sent({ leading: true, trailing: true }, [['a', 0]]), ['a@0'], 'one alone goes once');
  t.end();
});

t.test('without the trailing edge, what comes within the interval is dropped', (t) => {
  t.same(sent({ leading: true, trailing: false }, [...BURST, ['d', 99], ['e', 100], ['f', 199]]), ['a@0', 'e@100']);
  t.end();
});

t.test('without the leading edge, the last one goes at the end of the interval', (t) => {
  t.same(sent({ leading: false, trailing: true }, BURST), ['c@100']);
  t.end();
});

t.test('what goes on is never closer together than the interval', (t) => {
  const steady = Array.from({ length: 40 }, (_, i) => [`${i}`, i * 17] as const);
  for (const edges of [
    { leading: true, trailing: true },
    { leading: true, trailing: false },
    { leading: false, trailing: true },
  ]) {
    const times = sent(edges, steady).map((one) => Number(one.split('@')[1]));
    t.ok(times.length >= 5, times.join(' '));
    for (const [i, time] of times.entries()) if (i > 0) t.ok(time - (times[i - 1] ?? 0) >= 100);
  }
  t.end();
});

t.test('at the very end of the interval the waiting one goes, and the newcomer waits for the next', (t) => {
  const rule = { everyMs: 100, leading: true, trailing: true };
  const step = throttle(rule, { openAtMs: 100, waiting: { item: 'b' } }, 'c', 100);
  t.same(step, { state: { openAtMs: 200, waiting: { item: 'c' } }, passed: ['b'], folded: [] });
  t.end();
});

t.test('an event that is replaced is told of with the one that goes instead', (t) => {
  const rule = { everyMs: 100, leading: true, trailing: true };
  t.same(throttle(rule, { openAtMs: 100, waiting: { item: 'b' } }, 'c', 50).folded, [
    { item: 'b', reason: 'throttled', by: 'c' },
  ]);
  const leading = { everyMs: 100, leading: true, trailing: false };
  t.same(throttle(leading, { openAtMs: 100 }, 'c', 50).folded, [{ item: 'c', reason: 'throttled' }]);
  t.end();
});
