import t from 'tap';
import { eventIds, runSeeds } from '../../hub/ids.js';

t.test('ids of events differ, within a start and between two', (t) => {
  const ids = [eventIds(), eventIds()].flatMap((next) => Array.from({ length: 1_000 }, () => next()));
  t.equal(new Set(ids).size, 2_000);
  t.end();
});

t.test('seeds are whole numbers below 2^53 and do not repeat', (t) => {
  const next = runSeeds();
  const seeds = Array.from({ length: 2_000 }, () => next());
  t.ok(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0));
  t.equal(new Set(seeds).size, 2_000);
  t.ok(
    seeds.some((seed) => seed > 2 ** 52),
    'all bits are used',
  );
  t.end();
});
