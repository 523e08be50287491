/** A run that is away when its task gets another version, or goes: what that one says becomes of it, and a restart changes nothing. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { realHub, type RealHub } from '../parking/real-hub.js';
import { deployNewer } from './newer-version.js';
import { PEER } from './peer-links.js';
import { endOf, executes, sceneThere, undisturbed, type End, type Scene } from './scene.js';

t.setTimeout(240_000);

/** So it stands at its next point while the peer hears of none that is held. */
const TERMS = { mode: 'synchronous', responsible: 'hub', reclaimMs: 600_000 } as const;

let alone: End | undefined;

t.test('a run that does not move', async (t) => {
  alone = await undisturbed(t);
});

/** With a run that stands at a point there until `letGo`. */
async function standingThere(t: Parameters<typeof sceneThere>[0]): Promise<Scene & { readonly letGo: () => void }> {
  const all = await sceneThere(t, TERMS);
  all.peer.ignores = ({ message }) => message.type === 'held';
  // Else it may be over before it was at any: a deploy keeps this thread busy, which asks for points.
  await until('it stands there', 20_000, () => (all.hub.hub.migrations.of(all.run)?.point ?? 0) > 1);
  return { ...all, letGo: () => (all.peer.ignores = () => false) };
}

/** What comes after it may have said something, too. */
async function firstEndOf(hub: RealHub): Promise<End> {
  const end = await endOf(hub);
  return { ...end, said: end.said.slice(0, 1) };
}

async function again(t: Parameters<typeof realHub>[0], { hub, peer, run }: Scene): Promise<RealHub> {
  await hub.hub.close();
  const next = await realHub(t, { tasks: {}, dir: hub.dir, placement: peer.placement(TERMS) });
  await until('it is known again', 10_000, () => next.hub.migrations.of(run) !== undefined);
  return next;
}

t.test('finish-on-old: it goes on where it is, and the new version begins when it is over', async (t) => {
  const all = await standingThere(t);
  const { hub, run } = all;
  const { epoch } = hub.hub.migrations.of(run) ?? {};
  await deployNewer(hub);
  hub.send('long/turn/a', '10');
  t.match(hub.hub.migrations.of(run), { executes: 'provider', epoch, isLinked: true });
  t.match(hub.hub.migrations.of(run)?.notes.at(-1), {
    what: 'outlives',
    why: 'version 2.0.0 of its task is in force, and it ends on 1.0.0',
  });
  all.letGo();
  t.same(await firstEndOf(hub), alone);
  t.match(await hub.hub.history?.find(run), `"where":"${PEER}"`);
  await until('the new version has had its turn', 20_000, () => hub.link.published.length === 2);
  await until('nothing goes on', 10_000, () => hub.hub.runs === 0);
});

t.test('the next hub finds it there, on its version, and then begins the new one', async (t) => {
  const all = await standingThere(t);
  const { hub, run } = all;
  await deployNewer(hub);
  hub.send('long/turn/a', '10');
  const next = await again(t, all);
  t.match(next.hub.currentRuns.list(), [{ runId: run, version: '1.0.0', where: 'provider', provider: PEER }]);
  t.notOk(
    next.told().some((told) => told.startsWith('long completed')),
    'the new version waits',
  );
  all.letGo();
  t.same(await firstEndOf(next), alone);
  t.match(await next.hub.history?.find(run), `"where":"${PEER}"`);
  await until('the new version has had its turn', 20_000, () => next.link.published.length === 2);
});

t.test('the next hub goes on with it on its version when it comes home', async (t) => {
  const all = await standingThere(t);
  const { hub, run } = all;
  await deployNewer(hub);
  const next = await again(t, all);
  all.letGo();
  t.same(await next.hub.migrations.migrate(run, undefined, 'by hand'), { ok: true });
  await executes(next, run, 'hub');
  t.same(await endOf(next), alone);
});

t.test('one whose task was removed ends there, also under the next hub', async (t) => {
  const all = await standingThere(t);
  const { hub, run } = all;
  t.match(await hub.hub.deployments.remove('long', { purge: false }), { kind: 'removed' });
  t.match(hub.hub.migrations.of(run), { executes: 'provider', isLinked: true });
  rmSync(join(hub.dir, 'tasks', 'long'), { recursive: true });
  const next = await again(t, all);
  all.letGo();
  t.same(await endOf(next), alone);
  await until('nothing goes on', 10_000, () => next.hub.runs === 0);
});

t.test('one that came home and was parked by hand there ends on its version under the next hub, too', async (t) => {
  const all = await standingThere(t);
  const { hub, peer, run } = all;
  await deployNewer(hub);
  all.letGo();
  t.same(await hub.hub.migrations.migrate(run, undefined, 'by hand'), { ok: true });
  await executes(hub, run, 'hub');
  t.same(await hub.hub.currentRuns.park(run), { ok: true });
  await hub.hub.close();
  const next = await realHub(t, { tasks: {}, dir: hub.dir, placement: peer.placement(TERMS) });
  t.match(next.hub.currentRuns.list(), [{ runId: run, version: '1.0.0', where: 'disk', reason: 'by-hand' }]);
  t.same(next.hub.currentRuns.resume(run), { ok: true });
  t.same(await endOf(next), alone);
  t.notOk(next.told().some((told) => told.startsWith('long restarted')));
});

t.test('cancel: it ends without effect, and the provider forgets it', async (t) => {
  const { hub, peer } = await standingThere(t);
  await deployNewer(hub, 'cancel');
  t.match(await endOf(hub, 'cancelled'), { said: [] });
  await until('the provider keeps nothing', 10_000, () => peer.stubs.size === 0);
});

t.test('restart-on-new: it begins anew here, and the provider forgets it', async (t) => {
  const { hub, peer } = await standingThere(t);
  await deployNewer(hub, 'restart-on-new');
  await hub.tells('long restarted: another version of its task is in force');
  await until('it is of the new version', 10_000, () => hub.hub.currentRuns.list()[0]?.version === '2.0.0');
  t.same(await endOf(hub), alone);
  await until('the provider keeps nothing', 10_000, () => peer.stubs.size === 0);
});
