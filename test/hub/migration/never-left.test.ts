/** A run that is asked to leave and cannot: what comes after it has its turn. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { longToml, realHub } from '../parking/real-hub.js';
import { PEER } from './peer-links.js';
import { Peer } from './peer.js';

t.setTimeout(120_000);

const TASKS = { long: longToml('long', '\n[schedule]\nconcurrency = 1') };

t.test('events that came while its checkpoint was read are executed, though that is damaged', async (t) => {
  const dir = t.testdir({});
  const peer = await Peer.start(t, dir);
  const first = await realHub(t, { tasks: TASKS, dir, placement: peer.placement() });
  first.send('long/turn/a', '3000000000');
  await until('it has a thread', 30_000, () => first.hub.currentRuns.list()[0]?.where === 'thread');
  const run = first.runOf('long');
  t.same(await first.hub.currentRuns.park(run), { ok: true });
  await first.hub.close();
  const { hub, send, tells } = await realHub(t, { tasks: TASKS, dir, placement: peer.placement() });
  const checkpoints = join(dir, 'data', 'checkpoints');
  for (const name of readdirSync(checkpoints)) rmSync(join(checkpoints, name));
  const asked = hub.migrations.migrate(run, PEER, 'by hand').catch(() => undefined);
  send('long/turn/b', '1000');
  await asked;
  await tells('long completed', 30_000);
});
