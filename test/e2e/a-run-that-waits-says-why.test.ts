/** A task that may execute at a provider only, above what that lets a run have: hub and provider are processes of their own. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../runtime/eventually.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from '../provider/provider-process.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(150_000);

const WHY = 'no provider takes it: the provider shed lowers its limits, fuel from 2000000000000 to 1000000000000';

t.test('each command that looks at it says what it waits for', async (t) => {
  const dir = t.testdir({});
  const [data, there, app, tasks] = ['data', 'provider', 'app.toml', 'tasks'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
    string,
  ];
  const port = await freePort();
  const token = (await sterna('provider', 'init', '--data', there, '--address', `127.0.0.1:${port}`)).trim();
  await ProviderProcess.start(t, port, there);
  await sterna('provider', 'add', token, '--data', data, '--name', 'shed');
  await deployInto(tasks, ['test/fixtures/guests/counter'], (toml) =>
    toml.replace('[limits]', '[limits]\nfuel = "2000G"'),
  );
  await deployInto(tasks, ['guest-tasks/thermostat']);
  writeFileSync(app, 'name = "house"\n[placement]\ndefault = "remote-only"\n');
  const places = ['--tasks', tasks, '--data', data, '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];
  const hub = await HubProcess.start(t, [...places, '--app', app, '--report', 'json']);
  await until('its API is there', 30_000, () => existsSync(join(data, 'api.json')));
  const ask = (...words: readonly string[]): Promise<string> => sterna(...words, '--data', data);
  let said = '';
  for (const untilMs = Date.now() + 60_000; !said.includes('with less') && Date.now() < untilMs;) {
    said = await ask('providers');
  }
  t.match(said, /shed .* open +\d+ /, 'its state and its threads');
  t.match(said, /shed +counter +taken, with less: fuel 2\.00 T -> 1\.00 T$/m);
  t.match(said, /shed +thermostat +taken$/m);
  t.match(said, new RegExp(`^counter: its runs wait, as ${WHY}`, 'm'));

  const device = await Device.connect(t, hub.brokerUrl, []);
  await device.publish('in/a', 'first');
  await device.publish('in/a', 'second');
  let runs = '';
  for (const untilMs = Date.now() + 30_000; !runs.includes('2 runs wait') && Date.now() < untilMs;) {
    runs = await ask('runs');
  }
  const [, first = ''] = /^2 runs wait, the first is (\S+\/counter) for /m.exec(runs) ?? [];
  t.ok(runs.includes(WHY), runs);
  t.match(await ask('queue'), WHY);
  t.match(await ask('explain', first), new RegExp(`^waits now, as ${WHY}`, 'm'));
  const plan = await ask('app', 'plan', app, '--tasks', tasks);
  t.match(plan, /^ {2}at shed: taken, with less: fuel 2\.00 T -> 1\.00 T$/m);
  t.match(plan, new RegExp(`^  its runs wait: ${WHY}`, 'm'));
  t.match(await sterna('app', 'plan', app, '--tasks', tasks), /counter .*; its runs wait while none takes it\.$/m);
});
