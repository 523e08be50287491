/** A hub that starts anew finds each run that moves, where it executes, and who is responsible. */
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { realHub, type RealHub } from '../parking/real-hub.js';
import { PEER } from './peer-links.js';
import { endOf, executes, sceneThere, undisturbed, type End, type Scene } from './scene.js';

t.setTimeout(240_000);

let alone: End | undefined;

t.test('a run that does not move', async (t) => {
  alone = await undisturbed(t);
});

async function again(t: Parameters<typeof realHub>[0], { hub, peer }: Scene): Promise<RealHub> {
  const left = await hub.hub.close();
  t.equal(left, 0, 'nobody waits for it');
  return realHub(t, { tasks: {}, dir: hub.dir, placement: peer.placement() });
}

t.test('one that executes there goes on there, and its end comes to the next hub', async (t) => {
  const all = await sceneThere(t);
  const { epoch } = all.hub.hub.migrations.of(all.run) ?? {};
  const next = await again(t, all);
  await until('it is known again', 10_000, () => next.hub.migrations.of(all.run) !== undefined);
  t.match(next.hub.migrations.of(all.run), { executes: 'provider', epoch, provider: PEER });
  t.same(await endOf(next), alone);
  t.match(next.hub.migrations.of(all.run)?.notes[0], { what: 'asked', why: 'by hand' }, 'its way is not forgotten');
});

t.test('one that has come home goes on here, from where it was', async (t) => {
  const all = await sceneThere(t);
  await all.hub.hub.migrations.migrate(all.run, undefined, 'by hand');
  await executes(all.hub, all.run, 'hub');
  const fuel = all.hub.hub.migrations.of(all.run)?.fuel ?? 0;
  const next = await again(t, all);
  await until('it is known again', 10_000, () => next.hub.migrations.of(all.run) !== undefined);
  t.ok((next.hub.migrations.of(all.run)?.fuel ?? 0) >= fuel, 'no point is lost');
  t.same(await endOf(next), alone);
});

t.test('one whose provider is not there any more goes on here when the hub has waited', async (t) => {
  const all = await sceneThere(t, { reclaimMs: 200, responsible: 'hub' });
  all.peer.cut();
  const next = await again(t, all);
  t.same(await endOf(next), alone);
});
