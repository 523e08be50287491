/** A hub that would ask something else of a run than the one that sent it away: the provider is not at fault. */
import t from 'tap';
import { realHub } from '../parking/real-hub.js';
import { endOf, sceneThere, undisturbed } from './scene.js';

t.setTimeout(240_000);

t.test('a hub that keeps no records takes what one that did has sent away', async (t) => {
  const alone = await undisturbed(t);
  const terms = { responsible: 'provider', pointMs: 300 } as const;
  const { hub, peer } = await sceneThere(t, terms);
  await hub.hub.close();
  const placement = peer.placement(terms);
  const next = await realHub(t, { tasks: {}, dir: hub.dir, placement, recordBytes: 0 });
  t.same(await endOf(next), alone);
  t.same(peer.faults, []);
});
