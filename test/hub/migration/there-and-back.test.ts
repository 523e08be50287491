/** A run that moves to a provider and comes home is the run that it would have been. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { PEER } from './peer-links.js';
import { endOf, executes, sceneThere, undisturbed, type End } from './scene.js';

t.setTimeout(240_000);

let alone: End | undefined;

t.test('a run that does not move', async (t) => {
  alone = await undisturbed(t);
});

t.test('it executes there, then here, and ends as if it had never moved', async (t) => {
  const { hub, peer, run } = await sceneThere(t);
  const { migrations, currentRuns } = hub.hub;
  t.match(currentRuns.list(), [{ runId: run, where: 'provider', provider: PEER }]);
  const there = migrations.of(run)?.point ?? 0;
  await until('it comes to points there', 20_000, () => (migrations.of(run)?.point ?? 0) > there);
  t.same(await migrations.migrate(run, undefined, 'by hand'), { ok: true });
  await executes(hub, run, 'hub');
  t.same(await endOf(hub), alone);
  t.equal(currentRuns.list().length, 0);
  const notes = migrations.of(run)?.notes.map(({ what }) => what);
  t.strictSame(notes, ['asked', 'linked', 'there', 'asked', 'here', 'over']);
  await until('its files are gone', 10_000, () => readdirSync(join(hub.dir, 'data', 'checkpoints')).length === 0);
  await until('the peer keeps nothing', 10_000, () => peer.stubs.size === 0);
});

t.test('one that ends there is over here, and says where it was executed', async (t) => {
  const { hub, run } = await sceneThere(t);
  t.same(await endOf(hub), alone);
  t.match(await hub.hub.history?.find(run), `"where":"${PEER}"`);
});
