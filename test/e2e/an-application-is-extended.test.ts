/** An application of two tasks, one of them at a provider: hub, provider and simulated devices are processes of their own. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from '../provider/provider-process.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(150_000);

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));

const APP = `
name = "energy"

[tasks.preprocess]
placement = "local-only"

[tasks.forecast]
placement = "remote-only"

[[edges]]
from = "preprocess"
topic = "forecast/a/fit"
to = "forecast"
`;

/** Seconds of work, within what a provider lets a whole run have. */
function lighter(toml: string): string {
  return toml.replace('starts = 2000', 'starts = 4').replace('"5000G"', '"500G"').replace('"2 h"', '"5 min"');
}

interface Ran {
  readonly kind: string;
  readonly runId: string;
  readonly task: string;
  readonly outcome: { readonly kind: string };
}

function runsOf(hub: HubProcess, task: string): readonly Ran[] {
  const lines = hub.stdout.split('\n').filter((line) => line.includes('"kind":"run-finished"'));
  return lines.map((line) => JSON.parse(line) as Ran).filter((run) => run.task === task);
}

t.test('its heavy task executes at the provider, and comes to what it comes to here', async (t) => {
  const dir = t.testdir({});
  const [data, there, app] = [join(dir, 'data'), join(dir, 'provider'), join(dir, 'app.toml')];
  const port = await freePort();
  const token = (await sterna('provider', 'init', '--data', there, '--address', `127.0.0.1:${port}`)).trim();
  await ProviderProcess.start(t, port, there);
  await sterna('provider', 'add', token, '--data', data);
  const tasks = ['test/fixtures/guests/preprocess', 'guest-tasks/forecast'];
  await deployInto(join(dir, 'tasks'), tasks, lighter);
  writeFileSync(app, APP);
  const places = ['--tasks', join(dir, 'tasks'), '--data', data, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];
  const hub = await HubProcess.start(t, [...places, '--app', app, '--report', 'json']);
  await until('its API is there', 30_000, () => existsSync(join(data, 'api.json')));
  const device = await Device.connect(t, hub.brokerUrl, ['forecast/+/next']);

  const home = ['--broker', hub.brokerUrl, '--seed', '7', '--speed', '2400', '--rooms', '1', '--for', '8s'];
  await promisify(execFile)(process.execPath, [MAIN, 'sim', ...home], { timeout: 60_000 });
  await until('a forecast is made', 60_000, () => runsOf(hub, 'forecast').length > 0 && device.texts.length > 0);

  const [light, heavy] = [runsOf(hub, 'preprocess'), runsOf(hub, 'forecast')];
  t.ok(
    [...light, ...heavy].every(({ outcome }) => outcome.kind === 'completed'),
    `${light.length} light runs and ${heavy.length} heavy ones completed`,
  );
  t.match(await sterna('explain', heavy[0]?.runId ?? '', '--data', data), /remote-only/);
  t.match(await sterna('explain', light[0]?.runId ?? '', '--data', data), /^here/);
  for (const { runId } of [...heavy, ...light.slice(-3)]) {
    const again = JSON.parse(await sterna('replay', runId, '--data', data, '--json')) as object;
    t.match(again, { identical: true }, 'executed here, it has the same effects and the same fuel');
  }
  const { component } = await builtTask('guest-tasks/forecast');
  const digest = createHash('sha256').update(component).digest('hex');
  const kept = readFileSync(join(there, 'components', digest));
  t.equal(Buffer.compare(kept, component), 0, 'the file at the provider is the one that was built');
});
