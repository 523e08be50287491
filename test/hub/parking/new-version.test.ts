/** What becomes of runs that stand still when their task gets a new version. */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { builtTask } from '../../runtime/built-task.js';
import { until } from '../../runtime/eventually.js';
import { longToml, realHub, type RealHub } from './real-hub.js';

t.setTimeout(120_000);

const LONG = '500000000';

/** Deploys the task again, as version 2. */
async function deploy({ hub }: RealHub, policy: string): Promise<void> {
  const { component } = await builtTask('test/fixtures/guests/probe');
  const file = hub.deployments.incoming();
  writeFileSync(file, component);
  const toml = longToml('long', '', `onNewVersion = "${policy}"\n`).replace('1.0.0', '2.0.0');
  const deployed = await hub.deployments.deploy({ toml, component: file });
  if (deployed.kind !== 'deployed') throw new Error(JSON.stringify(deployed));
}

/** How a run ends that stood still by hand when the new version came, and one of the same key behind it. */
async function endsOf(t: Parameters<typeof realHub>[0], policy: string): Promise<RealHub> {
  const one = await realHub(t, { tasks: { long: longToml('long') } });
  one.send('long/turn/a', LONG);
  await until('it executes', 20_000, () => one.hub.currentRuns.list()[0]?.where === 'thread');
  t.same(await one.hub.currentRuns.park(one.runOf('long')), { ok: true });
  await deploy(one, policy);
  one.send('long/turn/a', '10');
  await one.tells('long completed', 60_000);
  await until('both are over', 60_000, () => one.hub.control.runs === 0);
  return one;
}

const said = ({ link }: RealHub): string[] => link.published.map(({ payload }) => Buffer.from(payload).toString());

t.test('finish-on-old: it goes on where it stood, and the new version begins after it', async (t) => {
  const one = await endsOf(t, 'finish-on-old');
  t.ok(one.told().includes('long resumed'));
  t.notOk(one.told().some((told) => told.startsWith('long restarted')));
  await until('both are published', 10_000, () => said(one).length === 2);
  t.strictSame(said(one), [LONG, '10']);
});

t.test('cancel: it ends without effect', async (t) => {
  const one = await endsOf(t, 'cancel');
  t.ok(one.told().includes('long cancelled'));
  await until('one is published', 10_000, () => said(one).length === 1);
  t.strictSame(said(one), ['10']);
});

t.test('restart-on-new: it begins anew on the new version, before what came after it', async (t) => {
  const one = await endsOf(t, 'restart-on-new');
  t.ok(one.told().includes('long restarted: another version of its task is in force'));
  await until('both are published', 10_000, () => said(one).length === 2);
  t.strictSame(said(one), [LONG, '10']);
});
