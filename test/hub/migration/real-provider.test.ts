/** A hub and a provider with all their parts: what a run that moves finds there of its hub's state. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openStore } from '../../../hub/store/index.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { until } from '../../runtime/eventually.js';
import { lookingGuest } from '../../runtime/looking-guest.js';
import { longToml, realHub } from '../parking/real-hub.js';
import { placementBy } from '../placement/placement-under-test.js';
import { executes } from './scene.js';

t.setTimeout(170_000);

/** Turns of its loop: some seconds. */
const ROUNDS = 400_000_000;

t.test('a run that moves to a provider finds the state of its hub there, and does not go again', async (t) => {
  const dir = t.testdir({});
  mkdirSync(join(dir, 'data'), { recursive: true });
  const store = openStore(join(dir, 'data', 'state.db'));
  store.commit([{ reads: [], writes: [{ bucket: 'task/looking/default', key: '1', value: Buffer.from('value 1') }] }]);
  await store.close();
  const provider = await providerUnderTest(t, { dataDir: join(dir, 'provider'), threads: 1 });
  const placement = placementBy('[placement]\ndefault = "prefer-local"\n', {
    providers: [{ name: 'shed', token: await provider.invite() }],
  });
  const component = await lookingGuest(ROUNDS);
  const hub = await realHub(t, {
    tasks: { looking: longToml('looking', '', 'every = "100 ms"\n') },
    component,
    dir,
    placement,
  });
  await until('the provider takes the task', 60_000, () => (placement.gateOf('looking')?.elsewhere ?? 0) > 0);
  hub.send('looking/state/a', '');
  await until('it has a thread', 30_000, () => hub.hub.currentRuns.list()[0]?.where === 'thread');
  const run = hub.runOf('looking');
  t.same(await hub.hub.migrations.migrate(run, 'shed', 'by hand'), { ok: true });
  await executes(hub, run, 'provider');
  const there = hub.hub.migrations.of(run)?.point ?? 0;
  await until('it comes to points there', 20_000, () => (hub.hub.migrations.of(run)?.point ?? 0) > there);
  await hub.tells('looking completed', 100_000);
  t.equal(hub.hub.counts.repeated, 0);
  await until('it is published', 10_000, () => hub.link.published.length > 0);
  t.match(await hub.hub.history?.find(run), `"where":"shed"`);
});
