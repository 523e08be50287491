import t from 'tap';
import { CostCache } from '../../../runtime/worker/cost-cache.js';

/** A cache of names that notes what it lets go of. */
function cacheOf(bytes: number) {
  const cache = new CostCache<string>(bytes);
  const gone: string[] = [];
  const add = (name: string, cost: { bytes: number; makeMs: number }) =>
    cache.add(name, cost, () => {
      gone.push(name);
    });
  return { cache, gone, add };
}

t.test('what gives back the most memory for the least work goes first', (t) => {
  const { cache, gone, add } = cacheOf(100);
  add('cheap and large', { bytes: 60, makeMs: 1 });
  add('dear and small', { bytes: 10, makeMs: 10 });
  add('cheap and small', { bytes: 20, makeMs: 1 });
  t.strictSame([gone, cache.bytes], [[], 90], 'all fit');
  add('another', { bytes: 20, makeMs: 1 });
  t.strictSame([gone, cache.bytes], [['cheap and large'], 50]);
  add('large', { bytes: 80, makeMs: 1 });
  t.strictSame(gone, ['cheap and large', 'cheap and small', 'another']);
  t.equal(cache.bytes, 90);
  t.end();
});

t.test('what was used of late stays, of things that cost the same', (t) => {
  const { cache, gone, add } = cacheOf(30);
  const same = { bytes: 10, makeMs: 1 };
  const first = add('first', same);
  add('second', same);
  add('third', same);
  add('fourth', same);
  t.strictSame(gone, ['first'], 'all are worth the same: the oldest goes');
  const fifth = add('fifth', same);
  t.strictSame(gone, ['first', 'second']);
  t.equal(cache.use(fifth), 'fifth');
  cache.remove(first); // it is gone already
  add('sixth', same);
  add('seventh', same);
  t.strictSame(gone, ['first', 'second', 'third', 'fourth']);
  t.equal(cache.bytes, 30);
  t.end();
});

t.test('what was dear goes in the end if it is never used again', (t) => {
  const { gone, add } = cacheOf(100);
  add('dear', { bytes: 50, makeMs: 100 });
  let others = 0;
  for (; !gone.includes('dear') && others < 10_000; others++) add(`other ${others}`, { bytes: 10, makeMs: 1 });
  t.ok(others > 50, `after ${others} others`);
  t.ok(others < 1_000, `after ${others} others`);
  t.end();
});

t.test('what a value needs stays with it, whatever it is worth', (t) => {
  const { cache, gone, add } = cacheOf(100);
  const needed = add('needed', { bytes: 90, makeMs: 1 });
  add('dear', { bytes: 10, makeMs: 1_000 });
  cache.add('user', { bytes: 50, makeMs: 1 }, () => gone.push('user'), needed);
  t.strictSame([gone, cache.bytes], [['dear'], 140]);
  t.end();
});

t.test('what is larger than the bound is kept alone, and what is taken out is not told of', (t) => {
  const { cache, gone, add } = cacheOf(100);
  add('small', { bytes: 10, makeMs: 1_000 });
  const large = add('large', { bytes: 1_000, makeMs: 1 });
  t.strictSame([gone, cache.bytes], [['small'], 1_000]);
  cache.remove(large);
  t.strictSame([gone, cache.bytes], [['small'], 0]);
  cache.remove(large);
  t.equal(cache.bytes, 0);
  t.end();
});
