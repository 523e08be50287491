/** A run that comes no further at a provider is seen, and taken back. */
import t from 'tap';
import { Progress } from '../../../hub/migration/progress.js';
import { stallOf, type StallFacts } from '../../../hub/migration/stall.js';
import { until } from '../../runtime/eventually.js';
import { sceneThere } from './scene.js';

t.setTimeout(120_000);

const FACTS: StallFacts = { sinceMs: 0, longestMs: 1_000, pointMs: 1_000, reclaimMs: 30_000, mayTake: false };

t.test('a run stalls when no point comes for as long as one that is not heard may go on', async (t) => {
  t.equal(stallOf({ ...FACTS, sinceMs: 29_999 }), 'none');
  t.equal(stallOf({ ...FACTS, sinceMs: 30_000 }), 'stalls');
  t.equal(stallOf({ ...FACTS, sinceMs: 30_000, mayTake: true }), 'take-back');
});

t.test('one whose points took long is given four times as long', async (t) => {
  for (const slow of [{ longestMs: 20_000 }, { pointMs: 20_000 }]) {
    t.equal(stallOf({ ...FACTS, ...slow, sinceMs: 79_999 }), 'none');
    t.equal(stallOf({ ...FACTS, ...slow, sinceMs: 80_000 }), 'stalls');
  }
});

t.test('time is counted from the last point, from the move, or from the link', async (t) => {
  const there = { executes: 'provider', isLinked: true, epoch: 1, point: 3 } as const;
  const progress = new Progress(there, 1_000);
  t.same(progress.at(1_500), { sinceMs: 500, longestMs: 0 });
  progress.look(there, 2_000);
  t.same(progress.at(2_000), { sinceMs: 1_000, longestMs: 0 }, 'what is as it was is no progress');
  progress.look({ ...there, point: 4 }, 3_000);
  t.same(progress.at(3_100), { sinceMs: 100, longestMs: 2_000 });
  progress.look({ ...there, point: 4, isLinked: false }, 4_000);
  t.equal(progress.at(9_000), undefined, 'without a link, it is for the lease to say');
  progress.look({ ...there, point: 4 }, 10_000);
  t.same(progress.at(10_000), { sinceMs: 0, longestMs: 0 });
  progress.look({ ...there, executes: 'hub', epoch: 2 }, 11_000);
  t.equal(progress.at(99_000), undefined);
});

/** A second on a machine that has nothing else to do, many times over. */
const LONG = '4000000000';
const TERMS = { pointMs: 50, reclaimMs: 300 };

t.test('a provider that keeps its link and says nothing is told of, once', async (t) => {
  const { hub, peer, run } = await sceneThere(t, TERMS, LONG);
  const { migrations } = hub.hub;
  peer.isMute = true;
  const stalls = (): number => migrations.of(run)?.notes.filter(({ what }) => what === 'stalls').length ?? 0;
  await until('it is told of', 30_000, () => stalls() > 0);
  t.match(migrations.of(run), { executes: 'provider', isLinked: true });
  t.match(migrations.of(run)?.notes.at(-1)?.why, /^shed is heard, and the run came to no point for \d+ s$/);
  t.equal(stalls(), 1);
  t.ok(migrations.cancel(run));
  await hub.tells('long cancelled');
});

t.test('where runs move of their own accord, the hub takes it back and goes on from the last point', async (t) => {
  const { hub, peer, run } = await sceneThere(t, TERMS, LONG);
  const { migrations, currentRuns } = hub.hub;
  peer.areSelected = true;
  const fuel = migrations.of(run)?.fuel ?? 0;
  peer.isMute = true;
  await until('it executes here', 30_000, () => currentRuns.list()[0]?.where === 'thread');
  const notes = migrations.of(run)?.notes.map(({ what }) => what) ?? [];
  t.same(notes.slice(-2), ['stalls', 'kept-here']);
  await until('it goes on from there', 10_000, () => (currentRuns.list()[0]?.fuel ?? 0) >= fuel);
  t.match(currentRuns.cancel(run), { ok: true });
  await hub.tells('long cancelled');
});

t.test('one that is wanted here is taken back from it as well', async (t) => {
  const { hub, peer, run } = await sceneThere(t, TERMS, LONG);
  const { migrations, currentRuns } = hub.hub;
  peer.isMute = true;
  t.same(await migrations.migrate(run, undefined, 'by hand'), { ok: true });
  await until('it executes here', 30_000, () => currentRuns.list()[0]?.where === 'thread');
  t.same(migrations.of(run)?.notes.at(-1)?.what, 'kept-here');
  t.match(currentRuns.cancel(run), { ok: true });
});
