/** A task that may not be at a provider any more: its runs come home at once, and not after the time for one that is silent. */
import t from 'tap';
import { movingLinks } from '../../../hub/placement/moving-links.js';
import { until } from '../../runtime/eventually.js';
import { endOf, sceneThere, undisturbed } from './scene.js';

t.setTimeout(240_000);

t.test('it goes on here, and nothing of it stays there', async (t) => {
  const alone = await undisturbed(t);
  // Longer than this test may take.
  const { hub, peer, run } = await sceneThere(t, { responsible: 'provider', reclaimMs: 600_000 });
  peer.recall('the link is metered');
  t.same(await endOf(hub), alone);
  t.match(hub.hub.migrations.of(run)?.notes.findLast(({ what }) => what === 'kept-here')?.why, 'the link is metered');
  await until('nothing is there', 10_000, () => peer.stubs.size === 0);
});

t.test('it is recalled while it is heard that it may not be there, and not while it may come to be', (t) => {
  const task = { manifest: { name: 'long' } } as never;
  const provider = { isReady: true, rejects: (): string | undefined => undefined };
  const plan = { isRemote: true, reason: 'the link is metered' };
  const version = { isInForce: true, mayGoOn: true };
  const links = movingLinks({
    provider: () => provider,
    planned: () => plan,
    isInForce: () => version.isInForce,
    mayGoOn: () => version.mayGoOn,
  } as never);
  const why = (): string | undefined => links.recalls('shed', task);
  t.equal(why(), undefined);
  plan.isRemote = false;
  t.equal(why(), 'the link is metered');
  provider.isReady = false;
  t.equal(why(), undefined, 'who is not heard is waited for');
  [provider.isReady, plan.isRemote] = [true, true];
  provider.rejects = () => 'the provider shed refuses its task: it is too large';
  t.match(why(), /refuses/);
  version.isInForce = false;
  t.equal(why(), undefined, 'that was said of another version');
  version.mayGoOn = false;
  t.match(why(), /must not leave/);
  t.end();
});
