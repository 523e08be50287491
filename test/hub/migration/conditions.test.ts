/** What the hub is under reaches runs that are away. */
import t, { type Test } from 'tap';
import type { Side } from '../../../provider/protocol/responsibility/index.js';
import type { Terms } from '../../../provider/protocol/migration/index.js';
import { until } from '../../runtime/eventually.js';
import type { RealHub } from '../parking/real-hub.js';
import { countingHub } from './counting-hub.js';
import { PEER } from './peer-links.js';
import { Peer } from './peer.js';
import { executes } from './scene.js';

t.setTimeout(60_000);

/** More steps than any test waits for. */
const ENDLESS = '1000000';

/** A run that is at the peer. */
async function sentAway(t: Test, peer: Peer, terms: Partial<Terms>): Promise<{ hub: RealHub; run: string }> {
  const hub = await countingHub(t, { placement: peer.placement(terms) });
  hub.send('long/count/a', ENDLESS);
  await until('it has a thread', 10_000, () => hub.hub.currentRuns.list()[0]?.where === 'thread');
  const run = hub.runOf('long');
  t.same(await hub.hub.migrations.migrate(run, PEER, 'by hand'), { ok: true });
  await executes(hub, run, 'provider');
  return { hub, run };
}

function isResponsible({ hub }: RealHub, run: string, side: Side): Promise<void> {
  return until(`the ${side} is responsible`, 20_000, () => hub.migrations.of(run)?.responsible === side);
}

t.test('a hub that is to be spared leaves to the provider a run that is there already', async (t) => {
  // A link that is never lost is taken to be lost for longer than this: so it is the hub's, however long it takes.
  const terms: { -readonly [Key in keyof Terms]?: Terms[Key] } = { isForHere: true, reclaimMs: 1_000 };
  const { hub, run } = await sentAway(t, Peer.stepping(t), terms);
  const { migrations } = hub.hub;
  await isResponsible(hub, run, 'hub');
  terms.sparesHub = true;
  migrations.adapted();
  await isResponsible(hub, run, 'provider');
  t.match(migrations.of(run)?.why, /as the hub is on battery or hot/);
  terms.isUrgent = true;
  migrations.adapted();
  await isResponsible(hub, run, 'hub');
  t.match(migrations.of(run)?.why, /as devices there wait for the effects/);
  t.ok(migrations.cancel(run), 'it goes on still');
  await hub.tells('long cancelled');
});

t.test('what the application says when the hub starts anew counts for a run that is away', async (t) => {
  const peer = Peer.stepping(t);
  const { hub, run } = await sentAway(t, peer, { mode: 'synchronous', responsible: 'hub' });
  await isResponsible(hub, run, 'hub');
  await hub.hub.close();
  const terms = { mode: 'synchronous', responsible: 'provider' } as const;
  const next = await countingHub(t, { dir: hub.dir, placement: peer.placement(terms) });
  await isResponsible(next, run, 'provider');
  t.match(next.hub.migrations.of(run), { executes: 'provider' });
  t.ok(next.hub.migrations.cancel(run));
  await next.tells('long cancelled');
});
