/** What the hub is under reaches runs that are away. */
import t from 'tap';
import type { Terms } from '../../../provider/protocol/migration/index.js';
import { until } from '../../runtime/eventually.js';
import { countingHub } from './counting-hub.js';
import { PEER } from './peer-links.js';
import { Peer } from './peer.js';
import { executes, sceneThere } from './scene.js';
import { INSTALLED, steppingRuntime } from './stepping-runtime.js';

t.setTimeout(120_000);

/** Turns of the loop: just below the task's limit of fuel, and longer than this file takes. */
const ENDLESS = '10000000000';

t.test('a hub that is to be spared leaves to the provider a run that is there already', async (t) => {
  const terms: { -readonly [Key in keyof Terms]?: Terms[Key] } = { isForHere: true, reclaimMs: 60_000 };
  const { hub, run } = await sceneThere(t, terms, ENDLESS);
  const { migrations } = hub.hub;
  const responsible = (side: string): Promise<unknown> =>
    until(`the ${side} is responsible`, 20_000, () => migrations.of(run)?.responsible === side);
  await responsible('hub');
  terms.sparesHub = true;
  migrations.adapted();
  await responsible('provider');
  t.match(migrations.of(run)?.why, /as the hub is on battery or hot/);
  terms.isUrgent = true;
  migrations.adapted();
  await responsible('hub');
  t.match(migrations.of(run)?.why, /as devices there wait for the effects/);
  t.ok(migrations.cancel(run), 'it goes on still');
});

t.test('what the application says when the hub starts anew counts for a run that is away', async (t) => {
  const peer = new Peer(steppingRuntime(), INSTALLED.key);
  const first = await countingHub(t, { placement: peer.placement({ mode: 'synchronous', responsible: 'hub' }) });
  // It would go on for long.
  first.send('long/count/a', '1000000');
  await until('it has a thread', 10_000, () => first.hub.currentRuns.list()[0]?.where === 'thread');
  const run = first.runOf('long');
  t.same(await first.hub.migrations.migrate(run, PEER, 'by hand'), { ok: true });
  await executes(first, run, 'provider');
  await until('the hub is responsible', 10_000, () => first.hub.migrations.of(run)?.responsible === 'hub');
  await first.hub.close();
  const terms = { mode: 'synchronous', responsible: 'provider' } as const;
  const next = await countingHub(t, { dir: first.dir, placement: peer.placement(terms) });
  const { migrations } = next.hub;
  await until('the provider is responsible', 20_000, () => migrations.of(run)?.responsible === 'provider');
  t.match(migrations.of(run), { executes: 'provider' });
  t.ok(migrations.cancel(run));
  await next.tells('long cancelled');
});
