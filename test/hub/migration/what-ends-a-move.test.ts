/** A run that moves is cancelled, taken back and parked like any other, and its provider is not believed everything. */
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { PEER } from './peer-links.js';
import { endOf, executes, scene, sceneThere, undisturbed, type End } from './scene.js';

t.setTimeout(240_000);

let alone: End | undefined;

t.test('a run that does not move', async (t) => {
  alone = await undisturbed(t);
});

t.test('it is cancelled while it executes there: it has no effect, and the provider forgets it', async (t) => {
  const { hub, peer, run } = await sceneThere(t);
  t.same(hub.hub.currentRuns.cancel(run), { ok: true });
  t.match(await endOf(hub, 'cancelled'), { said: [] });
  t.same(hub.hub.currentRuns.list(), []);
  await until('the provider keeps nothing', 10_000, () => peer.stubs.size === 0);
  t.ok(peer.heard.includes('over'));
});

t.test('the link is lost, and what the provider had is answered with "over" when it is back', async (t) => {
  const { hub, peer, run } = await sceneThere(t);
  peer.cut();
  t.same(await hub.hub.migrations.migrate(run, undefined, 'by hand'), { ok: true });
  t.match(hub.hub.currentRuns.list(), [{ runId: run }]);
  t.notMatch(hub.hub.currentRuns.list(), [{ where: 'provider' }], 'nobody waits for the provider');
  t.same(await endOf(hub), alone);
  peer.restore();
  await until('the provider is told', 20_000, () => peer.stubs.size === 0);
  t.equal(hub.link.published.length, 1, 'it has its effect once');
});

t.test('a result that cannot be right is the provider’s fault, and the run ends here', async (t) => {
  const { hub, peer } = await sceneThere(t);
  peer.bend = (message) => {
    const { result } = message.content;
    if (result === undefined) return message;
    const usage = { ...result.usage, fuel: 1e15 };
    return { ...message, content: { ...message.content, result: { ...result, usage } } };
  };
  t.same(await endOf(hub), alone);
  t.match(peer.faults, [/the run used 1000000000000000 fuel/]);
});

t.test('it is parked by hand at home only, and goes on as it would have', async (t) => {
  const { hub, run } = await sceneThere(t);
  const { currentRuns, migrations } = hub.hub;
  const refused = await currentRuns.park(run);
  t.match(refused, { ok: false, reason: `it executes at the provider ${PEER}: first bring it home` });
  await migrations.migrate(run, undefined, 'by hand');
  await executes(hub, run, 'hub');
  t.same(await currentRuns.park(run), { ok: true });
  t.match(currentRuns.list(), [{ runId: run, where: 'memory', reason: 'by-hand' }]);
  t.same(currentRuns.resume(run), { ok: true });
  t.same(await endOf(hub), alone);
});

t.test('a checkpoint of it is the last point that is here, and it does not stand still for that', async (t) => {
  const { hub, run } = await sceneThere(t);
  const saved = await hub.hub.currentRuns.checkpoint(run);
  t.ok(saved instanceof Uint8Array);
  t.same(await endOf(hub), alone);
});

t.test('what must not move is refused with the reason', async (t) => {
  const { hub, run } = await scene(t);
  const { migrations } = hub.hub;
  t.match(await migrations.migrate(run, 'attic', 'by hand'), { reason: 'there is no provider "attic"' });
  t.match(await migrations.migrate('none', PEER, 'by hand'), { reason: /there is no run "none"/ });
  t.match(await migrations.migrate(run, undefined, 'by hand'), { reason: 'it executes here already' });
});
