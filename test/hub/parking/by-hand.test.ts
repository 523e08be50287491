/** Runs that a person has stand still, go on, or end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkpointRunCommand } from '../../../hub/commands/checkpoint.js';
import { decodeCheckpoint, packCheckpoint } from '../../../runtime/index.js';
import { until } from '../../runtime/eventually.js';
import { longToml, probeToml, realHub, type RealHub } from './real-hub.js';

t.setTimeout(120_000);

const LONG = '500000000';

async function executing(hub: RealHub): Promise<string> {
  await until('it executes', 20_000, () => hub.hub.currentRuns.list()[0]?.where === 'thread');
  return hub.runOf('long');
}

t.test(
  'a run that is parked by hand leaves its thread, keeps its key, and completes when it is let go on',
  async (t) => {
    const one = await realHub(t, { tasks: { long: longToml('long') } });
    const { currentRuns } = one.hub;
    one.send('long/turn/a', LONG);
    const run = await executing(one);
    one.send('long/turn/a', '10');
    t.same(await currentRuns.park(run), { ok: true });
    t.match(currentRuns.list(), [{ runId: run, where: 'memory', reason: 'by-hand', resumable: true }]);
    one.send('long/turn/b', '11');
    await one.tells('long completed');
    t.notOk(
      one.link.published.some(({ payload }) => Buffer.from(payload).toString() === '10'),
      'its own waits',
    );
    t.same(currentRuns.resume(run), { ok: true });
    await until('all are over', 60_000, () => one.link.published.length === 3);
    t.strictSame(
      one.link.published.map(({ payload }) => Buffer.from(payload).toString()),
      ['11', LONG, '10'],
    );
  },
);

t.test('a run that is cancelled has no effect, whether it executes or stands still', async (t) => {
  const one = await realHub(t, { tasks: { long: longToml('long') } });
  const { currentRuns } = one.hub;
  for (const parks of [true, false]) {
    one.send('long/turn/a', LONG);
    const run = await executing(one);
    if (parks) t.same(await currentRuns.park(run), { ok: true });
    t.same(currentRuns.cancel(run), { ok: true });
    await until('nothing goes on', 20_000, () => currentRuns.list().length === 0);
  }
  t.equal(one.told().filter((told) => told === 'long cancelled').length, 2);
  one.send('long/turn/a', '10');
  await until('the next of the key is heard', 20_000, () => one.link.published.length > 0);
  t.strictSame(
    one.link.published.map(({ payload }) => Buffer.from(payload).toString()),
    ['10'],
  );
});

t.test('a saved checkpoint goes on elsewhere to what the run itself comes to', async (t) => {
  const one = await realHub(t, { tasks: { long: longToml('long') } });
  one.send('long/turn/a', LONG);
  const run = await executing(one);
  const checkpoint = await one.hub.currentRuns.checkpoint(run);
  if (!(checkpoint instanceof Uint8Array)) throw new Error('there is none');
  t.ok(decodeCheckpoint(checkpoint).used.fuel > 0);
  await one.tells('long completed', 60_000);
  const finished = one.seen.find((seen) => seen.kind === 'run-finished');
  const fuel = finished?.kind === 'run-finished' ? finished.usage.fuel : 0;
  const file = join(one.dir, 'saved');
  writeFileSync(file, packCheckpoint(checkpoint));
  const component = join(one.dir, 'tasks', 'long', 'probe.wasm');
  let printed = '';
  const out = { write: (text: string) => (printed += text) };
  t.equal(await checkpointRunCommand(file, { component, json: true, most: 2 ** 28 }, out), 0);
  const effects = [{ kind: 'publish', topic: 'out/said', payload: LONG }];
  t.match(JSON.parse(printed), { outcome: { kind: 'completed' }, effects, fuel });
});

t.test('what cannot be done is refused with the reason', async (t) => {
  const one = await realHub(t, { tasks: { plain: probeToml('plain', '') } });
  const { currentRuns } = one.hub;
  one.send('plain/turn/a', LONG);
  await until('it executes', 20_000, () => currentRuns.list().length === 1);
  t.match(await currentRuns.park(one.runOf('plain')), { ok: false, reason: /"plain" is not resumable/ });
  t.match(await currentRuns.park('e0/plain'), { ok: false, reason: /there is no run "e0\/plain"/ });
  t.match(currentRuns.resume(one.runOf('plain')), { ok: false });
  t.match(currentRuns.cancel('e0/plain'), { ok: false });
});
