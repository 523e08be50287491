import t from 'tap';
import { DueHeap, type Due } from '../../../hub/shaping/due-heap.js';

t.test('what is due first is at hand, however things are put in, moved and taken out', (t) => {
  const heap = new DueHeap<Due>();
  const items: Due[] = Array.from({ length: 50 }, () => ({ dueMs: 0, order: 0, place: -1 }));
  const held = new Set<Due>();
  // A fixed sequence that looks like none.
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let i = 0; i < 5_000; i++) {
    const item = items[random(items.length)];
    if (item === undefined) continue;
    if (random(3) === 0) {
      heap.remove(item);
      held.delete(item);
    } else {
      heap.set(item, random(1_000));
      held.add(item);
    }
    const least = Math.min(...[...held].map(({ dueMs }) => dueMs));
    if (heap.first()?.dueMs !== (held.size === 0 ? undefined : least)) return t.fail(`step ${i}`);
  }
  return t.end();
});

t.test('of those due at one moment, the first to be set goes first', (t) => {
  const heap = new DueHeap<Due & { readonly name: number }>();
  const items = Array.from({ length: 20 }, (_, name) => ({ name, dueMs: 0, order: 0, place: -1 }));
  for (const item of items) heap.set(item, 5);
  const [moved] = items;
  if (moved !== undefined) heap.set(moved, 6);
  const names: number[] = [];
  for (let first = heap.first(); first !== undefined; first = heap.first()) {
    names.push(first.name);
    heap.remove(first);
  }
  t.same(names, [...items.keys()].slice(1).concat(0));
  t.end();
});
