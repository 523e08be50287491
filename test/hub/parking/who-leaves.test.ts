import t from 'tap';
import { whoLeaves, type Holder, type Need } from '../../../hub/parking/who-leaves.js';

const holder = (runId: string, thread: number, more: Partial<Holder> = {}): Holder => {
  return { runId, thread, priority: 1, heldMs: 100, parks: true, isLeaving: false, ...more };
};
const need = (priority: number, more: Partial<Need> = {}): Need => ({
  priority,
  isLong: false,
  thread: undefined,
  ...more,
});
const decide = (holders: readonly Holder[], needs: readonly Need[], threads = 2) =>
  whoLeaves({ threads, holders, needs, ownThreadMs: 1_000 });

t.test('nobody leaves while a thread comes free by itself', (t) => {
  t.equal(decide([holder('a', 0)], [need(9)]), undefined, 'one is not held');
  t.equal(decide([holder('a', 0), holder('b', 1)], []), undefined, 'nobody waits');
  t.equal(decide([holder('a', 0), holder('b', 1, { isLeaving: true })], [need(9)]), undefined, 'one is leaving');
  t.end();
});

t.test('the least urgent run is parked, of equals the one that has held its thread for longest', (t) => {
  const holders = [holder('a', 0, { priority: 2, heldMs: 900 }), holder('b', 1), holder('c', 2, { heldMs: 200 })];
  t.same(decide(holders, [need(5)], 3), { kind: 'park', runId: 'c' });
  t.same(decide(holders, [need(2)], 3), { kind: 'park', runId: 'c' });
  t.same(decide(holders.slice(0, 2), [need(3)]), { kind: 'park', runId: 'b' });
  t.end();
});

t.test('no run is parked for one that is no more urgent, nor one that cannot stand still', (t) => {
  t.equal(decide([holder('a', 0), holder('b', 1)], [need(1), need(0)]), undefined);
  const cannot = [holder('a', 0, { parks: false }), holder('b', 1, { priority: 5 })];
  t.equal(decide(cannot, [need(5)]), undefined);
  t.end();
});

t.test('a run that is not parked gets a thread of its own when it has held one for long', (t) => {
  const holders = [holder('a', 0, { heldMs: 1_000 }), holder('b', 1, { heldMs: 2_000, parks: false })];
  t.same(decide(holders, [need(1)]), { kind: 'set-apart', runId: 'b' });
  t.same(decide(holders, [need(9)]), { kind: 'park', runId: 'a' }, 'parking comes first');
  t.equal(decide(holders, [need(1, { isLong: true })]), undefined, 'not for another that takes long');
  t.end();
});

t.test('of those that wait, the most urgent is helped first', (t) => {
  const holders = [holder('a', 0), holder('b', 1, { priority: 3 })];
  t.same(decide(holders, [need(5), need(9, { thread: 1 })]), { kind: 'park', runId: 'b' });
  t.end();
});

t.test('one that waits for a certain thread is not helped by another', (t) => {
  const holders = [holder('a', 0)];
  t.equal(decide(holders, [need(9, { thread: 1 })]), undefined);
  t.same(decide(holders, [need(9, { thread: 0 })]), { kind: 'park', runId: 'a' });
  t.same(decide(holders, [need(9), need(8, { thread: 0 })]), { kind: 'park', runId: 'a' });
  t.end();
});
