import t from 'tap';
import { debounce, debounceDueMs, type DebounceState } from '../../../hub/shaping/debounce.js';

const RULE = { waitMs: 100, maxWaitMs: 250 };

function waits(waiting: string, firstAtMs: number, lastAtMs: number): DebounceState<string> {
  return { waiting, firstAtMs, lastAtMs };
}

t.test('the first event of a burst waits until it has been quiet', (t) => {
  const { state, passed, folded } = debounce(RULE, undefined, 'a', 10);
  t.same(state, waits('a', 10, 10));
  t.same([passed, folded], [[], []]);
  t.equal(debounceDueMs(RULE, waits('a', 10, 10)), 110);
  t.end();
});

t.test('a later event takes the place of the waiting one and begins the quiet anew', (t) => {
  const { state, passed, folded } = debounce(RULE, waits('a', 10, 10), 'b', 109);
  t.same(state, waits('b', 10, 109));
  t.same(passed, []);
  t.same(folded, [{ item: 'a', reason: 'debounced', by: 'b' }]);
  t.equal(debounceDueMs(RULE, waits('b', 10, 109)), 209);
  t.end();
});

t.test('at the moment the waiting one is due, a newcomer does not take its place', (t) => {
  t.same(debounce(RULE, waits('a', 10, 10), 'b', 110), { state: waits('b', 110, 110), passed: ['a'], folded: [] });
  t.end();
});

t.test('a burst that never is quiet goes on after maxWait from its first event', (t) => {
  t.equal(debounceDueMs(RULE, waits('c', 10, 200)), 260);
  t.equal(debounceDueMs({ waitMs: 100, maxWaitMs: undefined }, waits('c', 10, 200)), 300);
  t.same(debounce(RULE, waits('c', 10, 200), 'd', 260).passed, ['c']);
  t.same(debounce(RULE, waits('c', 10, 200), 'd', 259).passed, []);
  t.end();
});
