/** `sterna cancel` reaches a run wherever it is: at a provider as a whole, and while it waits for one. */
import { join } from 'node:path';
import t from 'tap';
import { newSigningKey } from '../../../provider/protocol/index.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { until } from '../../runtime/eventually.js';
import { longToml, probeToml, realHub } from '../parking/real-hub.js';
import { placementBy } from './placement-under-test.js';

t.setTimeout(170_000);

const TASKS = { long: longToml('long'), plain: probeToml('plain', '') };
/** More than the test waits for. */
const TURNS = '40000000000';

t.test('runs that are at a provider, and one that waits for it, are cancelled', async (t) => {
  const dir = t.testdir({});
  const times = { helloMs: 5_000, heartbeatMs: 100, leaseMs: 400 };
  const provider = await providerUnderTest(t, { dataDir: join(dir, 'provider'), times });
  const token = await provider.invite();
  const providers = [{ name: 'shed', token }];
  const app = '[placement]\ndefault = "remote-only"\nchecked = 0\n';
  const placement = placementBy(app, { providers, key: newSigningKey() });
  const { hub, send, told } = await realHub(t, { tasks: TASKS, dir: join(dir, 'hub'), placement });
  const cancelAll = (): void => {
    for (const { runId } of hub.currentRuns.list()) t.same(hub.currentRuns.cancel(runId), { ok: true });
  };

  for (const task of Object.keys(TASKS)) send(`${task}/turn/a`, TURNS);
  await until('both are there', 60_000, () => {
    return hub.currentRuns.list().filter(({ where }) => where === 'provider').length === 2;
  });
  cancelAll();
  await until('they are over', 20_000, () => hub.currentRuns.list().length === 0);

  send('plain/turn/a', TURNS);
  await until('it is there', 20_000, () => hub.currentRuns.list()[0]?.where === 'provider');
  await provider.close();
  await until('it waits', 20_000, () => hub.currentRuns.list()[0]?.waitsFor !== undefined);
  cancelAll();
  await until('it is over', 20_000, () => hub.currentRuns.list().length === 0);
  t.same(told().toSorted(), ['long cancelled', 'plain cancelled', 'plain cancelled']);
});
