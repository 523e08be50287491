/** Commands show runs that go on, have them stand still, go on and end, and take where they are elsewhere. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { sternaToItsEnd, type Ended } from '../program-to-its-end.js';
import { bombOf } from '../runtime/checkpoint/bomb.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(120_000);

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));
const dir = t.testdir({});
const data = join(dir, 'data');

const asked = (...args: readonly string[]): Promise<Ended> => sternaToItsEnd(...args, '--data', data);

/** As much work as the task takes: half a minute or more. */
const edit = (toml: string): string => toml.replace('levels = 2000', 'levels = 10000');
await deployInto(join(dir, 'tasks'), ['guest-tasks/optimise'], edit);
await deployInto(join(dir, 'tasks'), ['guest-tasks/thermostat']);
const where = ['--tasks', join(dir, 'tasks'), '--listen', '127.0.0.1:0', '--data', data, '--api', '127.0.0.1:0'];
const hub = await HubProcess.start(t, [...where, '--report', 'json']);
await until('its API is there', 20_000, () => existsSync(join(data, 'api.json')));
const device = await Device.connect(t, hub.brokerUrl, ['battery/+/schedule']);
const prices = Array.from({ length: 96 }, (_, hour) => (hour >= 17 && hour < 21 ? 0.5 : 0.2));
await device.publish('battery/b/plan', JSON.stringify({ prices }));

interface Current {
  readonly runId: string;
  readonly where: string;
  readonly fuel: number;
}

async function current(): Promise<readonly Current[]> {
  const { stdout } = await asked('runs', '--json');
  return (JSON.parse(stdout) as { readonly current: readonly Current[] }).current;
}

t.test('a run is listed, parked, saved, shown, let go on and cancelled by commands', async (t) => {
  let [run] = await current();
  for (let i = 0; run === undefined && i < 20; i++) [run] = await current();
  const runId = run?.runId ?? '';
  t.match(run, { where: 'thread' }, 'a run that executes is listed');

  t.match(await asked('park', runId), { code: 0, stdout: `${runId} stands still, until: sterna resume ${runId}\n` });
  t.match(await current(), [{ runId, where: 'memory', reason: 'by-hand' }]);
  t.match((await asked('runs')).stdout, /parked in memory \(by-hand\)/);
  t.match(await asked('park', 'e0/nobody'), { code: 1, stderr: /there is no run "e0\/nobody"/ });

  const file = join(dir, 'run.checkpoint');
  t.match(await asked('checkpoint', 'save', runId, file), { code: 0, stdout: /run\.checkpoint: .* fuel\n$/ });
  t.match(await asked('checkpoint', 'save', runId, file), { code: 1, stderr: /EEXIST/ }, 'and overwrites nothing');
  const shown = await sternaToItsEnd('checkpoint', 'show', file, '--json');
  const { fuel } = JSON.parse(shown.stdout) as { readonly fuel: number };
  t.match(JSON.parse(shown.stdout), { runId, topic: 'battery/b/plan', attempt: 1, effects: 0 });
  t.ok(fuel > 0);
  t.match(await sternaToItsEnd('checkpoint', 'show', MAIN), { code: 1, stderr: /these bytes are no checkpoint/ });
  const bomb = join(dir, 'bomb.checkpoint');
  writeFileSync(bomb, bombOf(readFileSync(file), 600));
  const large = { code: 1, stderr: /bomb\.checkpoint: it may have \d+ bytes when it is unpacked: it has 6\d{8}/ };
  t.match(await sternaToItsEnd('checkpoint', 'show', bomb), large);
  t.match(await sternaToItsEnd('checkpoint', 'run', bomb, '--component', MAIN), large);
  t.match(await sternaToItsEnd('checkpoint', 'show', file, '--most', '1KiB'), {
    code: 1,
    stderr: /it may have 1024 bytes/,
  });

  t.match(await asked('resume', runId), { code: 0, stdout: `${runId} goes on when its turn comes\n` });
  t.match(await asked('resume', runId), { code: 1, stderr: /it does not stand still/ });
  t.match(await asked('cancel', runId), { code: 0, stdout: `${runId} is cancelled, and has no effect\n` });
  await hub.says(/"kind":"run-finished"/, 20_000);
  t.match(hub.stdout, /"outcome":\{"kind":"cancelled"\}/);
  t.same(device.heard, []);

  const inspected = JSON.parse((await asked('inspect', 'optimise')).stdout) as object;
  t.match(inspected, { resumability: { declared: true, could: { resumable: true } } });
  const other = JSON.parse((await asked('inspect', 'thermostat')).stdout) as object;
  t.match(other, { resumability: { declared: false, could: { resumable: true } } });

  t.equal(await hub.terminated(20_000), 0);
});
