/** Runs that stood still when their hub ended. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { longToml, realHub, type RealHub } from './real-hub.js';

t.setTimeout(120_000);

/** Turns of the loop: some seconds on a machine that has nothing else to do. */
const LONG = '3000000000';

const OFTEN = 'every = "100 ms"\n';

/** A hub that ends in the middle of a run, which it leaves on disk. */
async function endsInTheMiddle(t: Parameters<typeof realHub>[0], byHand: boolean): Promise<RealHub> {
  const first = await realHub(t, { tasks: { long: longToml('long', '', OFTEN) } });
  first.send('long/turn/a', LONG);
  await first.tells('long checkpointed', 30_000);
  if (byHand) await first.hub.currentRuns.park(first.runOf('long'));
  const left = await first.hub.close();
  if (left > 0 || first.told().includes('long completed'))
    throw new Error(`it left ${left} runs: ${first.told().join()}`);
  return first;
}

const ended = await endsInTheMiddle(t, false);

/** What that hub has left, in a folder of its own. */
function copied(t: Parameters<typeof realHub>[0]): string {
  const dir = t.testdir({});
  cpSync(ended.dir, dir, { recursive: true });
  return dir;
}

function files(dir: string): string[] {
  return readdirSync(join(dir, 'data', 'checkpoints'));
}

t.test('a hub told to stop does not wait for a long run, and the next one goes on with it', async (t) => {
  const dir = copied(t);
  t.ok(ended.told().includes('long parked: stopping'));
  t.equal(files(dir).length, 1);
  const next = await realHub(t, { tasks: {}, dir });
  await next.tells('long completed', 60_000);
  t.ok(next.told().includes('long resumed from an earlier hub'));
  await until('it is published', 10_000, () => next.link.published.length === 1);
  t.equal(Buffer.from(next.link.published[0]?.payload ?? []).toString(), LONG);
  await until('its file is gone', 10_000, () => files(dir).length === 0);
});

t.test('a run that was parked by hand stays so over a restart, until it is let go on', async (t) => {
  const { dir } = await endsInTheMiddle(t, true);
  const next = await realHub(t, { tasks: {}, dir });
  t.match(next.hub.currentRuns.list(), [{ task: 'long', where: 'disk', reason: 'by-hand' }]);
  t.same(next.hub.currentRuns.resume(next.runOf('long')), { ok: true });
  await next.tells('long resumed from an earlier hub');
});

t.test('a run whose checkpoint is damaged begins anew, and says so', async (t) => {
  const dir = copied(t);
  const [name = ''] = files(dir);
  const file = join(dir, 'data', 'checkpoints', name);
  const bytes = readFileSync(file);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const next = await realHub(t, { tasks: {}, dir });
  await until('it begins', 20_000, () => next.told().length > 0);
  t.match(next.told()[0], /^long restarted: its checkpoint cannot be read: the checkpoint is damaged/);
});

t.test('a run of a task that is given other things now, and wants that, begins anew, and says so', async (t) => {
  const dir = copied(t);
  const toml = longToml('long', '', `${OFTEN}onNewVersion = "restart-on-new"\n`).replace('100G', '200G');
  const next = await realHub(t, { tasks: { long: toml }, dir });
  await until('it begins', 20_000, () => next.told().length > 0);
  t.equal(next.told()[0], 'long restarted: its task is not what it was when it stood still');
});

t.test('files that a kill left behind are removed when the hub starts', async (t) => {
  const dir = copied(t);
  const folder = join(dir, 'data', 'checkpoints');
  writeFileSync(join(folder, `${'0'.repeat(64)}.new`), 'cut short');
  writeFileSync(join(folder, `${'1'.repeat(64)}.checkpoint`), 'of no run');
  const next = await realHub(t, { tasks: {}, dir });
  t.notOk(files(dir).some((name) => name.startsWith('0000') || name.startsWith('1111')));
  await next.tells('long resumed from an earlier hub', 60_000);
});
