import t from 'tap';
import { bornMs, eventIds, runSeeds } from '../../hub/ids.js';

t.test('ids of events differ, within a start and between two', (t) => {
  const ids = [eventIds(Date.now), eventIds(Date.now)].flatMap((next) => Array.from({ length: 1_000 }, () => next()));
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

t.test('ids say when they were made, and sort by it', (t) => {
  let nowMs = Date.UTC(2026, 10, 21, 12);
  const next = eventIds(() => nowMs);
  const first = next();
  nowMs += 1;
  const second = next();
  t.ok(first < second);
  t.equal(bornMs(second), nowMs);
  t.equal(bornMs(`${second}/task`), nowMs);
  for (const other of ['', 'e0/light', '-', '9f8e7d6c5b4a-0']) t.equal(bornMs(other), 0);
  t.end();
});
