/** Hub, provider and devices, each a process of its own, over TLS. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from '../provider/provider-process.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(150_000);

const COUNTER = 'test/fixtures/guests/counter';
const EVENTS = 60;

interface Place {
  readonly dir: string;
  readonly args: readonly string[];
}

interface Ran {
  readonly kind: string;
  readonly task: string;
  readonly event: { readonly topic: string };
  readonly outcome: { readonly kind: string };
  readonly usage: { readonly fuel: number };
}

async function place(t: Test, app?: string): Promise<Place> {
  const dir = join(t.testdirName, app === undefined ? 'alone' : 'extended');
  mkdirSync(dir, { recursive: true });
  await deployInto(join(dir, 'tasks'), [COUNTER, 'guest-tasks/thermostat']);
  const common = [
    '--tasks',
    join(dir, 'tasks'),
    '--data',
    join(dir, 'data'),
    '--listen',
    '127.0.0.1:0',
    '--api',
    'off',
  ];
  if (app !== undefined) writeFileSync(join(dir, 'app.toml'), app);
  const args = [
    ...common,
    ...(app === undefined ? [] : ['--app', join(dir, 'app.toml')]),
    '--report',
    'json',
    '--log',
    'info',
  ];
  return { dir, args };
}

/** Sends events of three devices, and waits for their answers. */
async function exercise(t: Test, hub: HubProcess, from = 0): Promise<readonly string[]> {
  const device = await Device.connect(t, hub.brokerUrl, ['count/+', 'zigbee2mqtt/+/radiator/set']);
  for (let i = from; i < from + EVENTS; i++) {
    await device.publish(`in/${['a', 'b', 'c'][i % 3]}`, `event ${i}`);
    if (i % 10 === 0)
      await device.publish('zigbee2mqtt/bath/climate', JSON.stringify({ temperature: i % 20 === 0 ? 15 : 25 }));
  }
  await device.hearsUntil(
    'all counts',
    60_000,
    () => device.texts.filter(([topic]) => topic.startsWith('count/')).length >= EVENTS,
  );
  await until('the thermostat has answered', 20_000, () =>
    device.texts.some(([topic]) => topic.endsWith('radiator/set')),
  );
  return device.texts.map(([topic, text]) => `${topic} ${text}`).toSorted();
}

function runsOf(hub: HubProcess): readonly string[] {
  return hub.stdout
    .split('\n')
    .filter((line) => line.includes('"kind":"run-finished"'))
    .map((line) => JSON.parse(line) as Ran)
    .map(({ task, event, outcome, usage }) => `${task} ${event.topic} ${outcome.kind} ${usage.fuel}`)
    .toSorted();
}

t.test('what a provider executes has the outputs and the fuel of what the hub executes', async (t) => {
  t.testdir({});
  const data = join(t.testdirName, 'provider');
  const port = await freePort();
  const token = (await sterna('provider', 'init', '--data', data, '--address', `127.0.0.1:${port}`)).trim();
  const provider = await ProviderProcess.start(t, port, data);
  const extended = await place(t, 'name = "test"\n[placement]\ndefault = "remote-only"\nchecked = 0\n');
  await sterna('provider', 'add', token, '--data', join(extended.dir, 'data'));
  const alone = await place(t);
  const [near, far] = [await HubProcess.start(t, alone.args), await HubProcess.start(t, extended.args)];
  const [here, there] = [await exercise(t, near), await exercise(t, far)];
  t.strictSame(there, here, 'the same messages');
  await until('both have told of all', 20_000, () => runsOf(far).length === runsOf(near).length);
  t.strictSame(runsOf(far), runsOf(near), 'the same outcomes and fuel');
  t.match(provider.output, /session: /);
  const { component } = await builtTask(COUNTER);
  const digest = createHash('sha256').update(component).digest('hex');
  const kept = readFileSync(join(data, 'components', digest));
  t.equal(Buffer.compare(kept, component), 0, 'the file there is the one that was built, byte for byte');
  t.equal(await far.terminated(20_000), 0);
  await provider.says(/ended: .* done/, 10_000);
  t.equal(await provider.killed('SIGTERM'), 0, 'a provider that is told to stop ends well');
});

t.test('a provider that is killed and started again, and a hub that is, lose and double nothing', async (t) => {
  t.testdir({});
  const data = join(t.testdirName, 'provider');
  const port = await freePort();
  const token = (await sterna('provider', 'init', '--data', data, '--address', `127.0.0.1:${port}`)).trim();
  let provider = await ProviderProcess.start(t, port, data);
  const { dir, args } = await place(t, 'name = "test"\n[placement]\ndefault = "remote-only"\nchecked = 0\n');
  await sterna('provider', 'add', token, '--data', join(dir, 'data'));
  const hub = await HubProcess.start(t, args);
  const first = exercise(t, hub);
  await until('some runs are over', 30_000, () => runsOf(hub).length > 5);
  await provider.killed();
  provider = await ProviderProcess.start(t, port, data);
  const counts = (await first).filter((line) => line.startsWith('count/a ')).map((line) => Number(line.split(' ')[1]));
  t.strictSame(
    counts.toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i + 1),
    'each event was counted once',
  );
  await hub.killed();
  const again = await HubProcess.start(t, args);
  const more = (await exercise(t, again, EVENTS)).filter((line) => line.startsWith('count/a '));
  t.equal(Math.max(...more.map((line) => Number(line.split(' ')[1]))), 40, 'and goes on from there');
  t.strictSame(readdirSync(join(data, 'uploads')), [], 'no upload is left');
  t.match(provider.output, /the hub has begun another session|the link was closed/);
});

t.test('a certificate that has expired, or is another, is told and nothing is sent', async (t) => {
  t.testdir({});
  const data = join(t.testdirName, 'provider');
  const port = await freePort();
  const token = (await sterna('provider', 'init', '--data', data, '--address', `127.0.0.1:${port}`)).trim();
  const { dir, args } = await place(t, 'name = "test"\n[placement]\ndefault = "prefer-remote"\n');
  await sterna('provider', 'add', token, '--data', join(dir, 'data'));
  // Made anew: the token is of the one before.
  await sterna('provider', 'init', '--data', data, '--address', `127.0.0.1:${port}`);
  const provider = await ProviderProcess.start(t, port, data);
  const hub = await HubProcess.start(t, args);
  await until('the hub says why', 20_000, () => hub.stderr.includes('certificate is not the one of the join token'));
  await exercise(t, hub);
  t.notMatch(provider.output, /session: /);
  const counted = (): number => runsOf(hub).filter((line) => line.startsWith('counter ')).length;
  await until('it executes its runs itself', 20_000, () => counted() === EVENTS);
});
