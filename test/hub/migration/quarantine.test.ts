/** A task that is held while a run of it moves. */
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { countingHub } from './counting-hub.js';
import { PEER } from './peer-links.js';
import { Peer } from './peer.js';
import { executes } from './scene.js';
import { published } from './stepping-runtime.js';

t.setTimeout(60_000);

const HELD = `[retry]
attempts = 1
[quarantine]
failures = 1
coolDown = "1 s"
`;

t.test('a run that is home stands still while its task is held, and keeps nobody from being tried', async (t) => {
  const peer = Peer.stepping(t);
  const hub = await countingHub(t, { placement: peer.placement({ mode: 'synchronous' }), lines: HELD });
  hub.send('long/count/a', '400');
  await until('it has a thread', 10_000, () => hub.hub.currentRuns.list()[0]?.where === 'thread');
  const run = hub.runOf('long');
  t.same(await hub.hub.migrations.migrate(run, PEER, 'by hand'), { ok: true });
  await executes(hub, run, 'provider');
  t.same(await hub.hub.migrations.migrate(run, undefined, 'by hand'), { ok: true });
  await executes(hub, run, 'hub');
  hub.send('long/count/b', 'fail');
  await until('the task is held', 10_000, () => hub.seen.some(({ kind }) => kind === 'task-quarantined'));
  hub.send('long/count/c', '10');
  await until('it is released', 10_000, () => hub.seen.some(({ kind }) => kind === 'task-released'));
  await until('both have ended', 30_000, () => hub.link.published.length === 2);
  const said = hub.link.published.map(({ payload }) => Buffer.from(payload).toString());
  t.strictSame(said.toSorted(), [published(1, 10), published(2, 400)].toSorted());
});
