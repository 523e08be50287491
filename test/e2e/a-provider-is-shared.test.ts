/** Two hubs at one provider, each a process of its own: neither takes what is the other's, nor finds out what it is. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DEFAULT_POLICY } from '../../provider/policy.js';
import { newSigningKey, readJoinToken, type JoinToken } from '../../provider/protocol/index.js';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from '../provider/provider-process.js';
import { RawHub, runOf, specOf } from '../provider/raw-hub.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(150_000);

const TURNS = 'test/fixtures/guests/turns';
const COUNTER = 'test/fixtures/guests/counter';
/** Turns of the task's loop, of nine instructions each. */
const HEAVY = String(40_000_000);
const LIGHT = String(500_000);
/** Nothing is executed at home, so that all is the provider's doing. */
const APP = 'name = "test"\n[placement]\ndefault = "remote-only"\nchecked = 0\n';

interface Scene {
  readonly provider: ProviderProcess;
  readonly data: string;
  readonly hubs: readonly [HubProcess, HubProcess];
  readonly devices: readonly [Device, Device];
}

async function twoHubs(t: Test, task: string): Promise<Scene> {
  const dir = t.testdir({});
  const [data, port] = [join(dir, 'provider'), await freePort()];
  const first = await sterna('provider', 'init', '--data', data, '--address', `127.0.0.1:${port}`);
  const provider = await ProviderProcess.start(t, port, data);
  const [a, deviceA] = await hubWith(t, join(dir, 'a'), task, first.trim());
  const [b, deviceB] = await hubWith(t, join(dir, 'b'), task, await invited(data));
  return { provider, data, hubs: [a, b], devices: [deviceA, deviceB] };
}

async function invited(data: string): Promise<string> {
  return (await sterna('provider', 'invite', '--data', data)).trim();
}

/** Resolves when a run of it was executed at the provider. */
async function hubWith(t: Test, dir: string, task: string, token: string): Promise<readonly [HubProcess, Device]> {
  mkdirSync(dir);
  const [tasks, file, data] = [join(dir, 'tasks'), join(dir, 'app.toml'), join(dir, 'data')];
  await deployInto(tasks, [task]);
  writeFileSync(file, APP);
  await sterna('provider', 'add', token, '--data', data);
  const places = ['--tasks', tasks, '--data', data, '--listen', '127.0.0.1:0', '--api', 'off'];
  const hub = await HubProcess.start(t, [...places, '--app', file, '--report', 'json', '--log', 'info']);
  const device = await Device.connect(t, hub.brokerUrl, ['done/+', 'count/+']);
  await device.publish('in/first', '0');
  await device.hears(1, 60_000);
  return [hub, device];
}

interface Ran {
  readonly kind: string;
  readonly usage: { readonly fuel: number };
}

/** Fuel of each run that is over, in order. */
function fuelOf(hub: HubProcess): readonly number[] {
  const lines = hub.stdout.split('\n').filter((line) => line.includes('"kind":"run-finished"') && line.endsWith('}'));
  return lines.map((line) => (JSON.parse(line) as Ran).usage.fuel);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

async function flood(device: Device, topic: string, payload: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => device.publish(topic, payload)));
}

t.test('a hub that floods with heavy runs leaves another its share', async (t) => {
  const { hubs, devices } = await twoHubs(t, TURNS);
  const [a, b] = hubs;
  await flood(devices[0], 'in/a', HEAVY, 250);
  await until('heavy runs are under way', 30_000, () => fuelOf(a).length > 4);

  const heavyBefore = fuelOf(a).length;
  for (let i = 0; i < 40; i++) {
    await devices[1].publish('in/b', LIGHT);
    await devices[1].hears(2 + i, 60_000);
  }
  const heavy = fuelOf(a).length - heavyBefore;
  t.ok(
    heavy <= 40,
    `of 40 light runs one after the other, each waits for one heavy run at most: ${heavy} were executed`,
  );

  const runs = 800;
  const told = fuelOf(b).length;
  const flooding = flood(devices[1], 'in/b', LIGHT, runs);
  await until('light runs are under way', 30_000, () => fuelOf(b).length > told);
  const before = hubs.map((hub) => sum(fuelOf(hub)));
  await until('most of them are over', 60_000, () => fuelOf(b).length >= told + 0.8 * runs);
  const used = hubs.map((hub, i) => sum(fuelOf(hub)) - (before[i] ?? 0));
  const share = (used[1] ?? 0) / sum(used);
  t.ok(share > 0.35 && share < 0.65, `while both wait, each gets half of the fuel: ${share.toFixed(2)}`);
  t.ok(fuelOf(a).length < 200, 'the heavy runs were not over meanwhile');
  await flooding;
});

t.test('hubs with tasks, buckets, keys and components of the same names have nothing in common', async (t) => {
  const { devices, data } = await twoHubs(t, COUNTER);
  const counts = (device: Device): readonly (string | undefined)[] =>
    device.texts.map(([, text]) => text.split(' ')[0]);
  for (let i = 0; i < 5; i++) await devices[0].publish('in/x', 'a');
  await devices[0].hears(6);
  await devices[1].publish('in/x', 'b');
  await devices[1].hears(2);
  t.equal(counts(devices[0]).at(-1), '5');
  t.equal(counts(devices[1]).at(-1), '1', 'the same bucket, and not the same');

  const stranger = await opened(t, await invited(data));
  const { component } = await builtTask(COUNTER);
  stranger.send({ type: 'configure', config: 1, tasks: [specOf('counter', component)] });
  const { digests } = await stranger.next('challenge');
  stranger.send({ type: 'proofs', config: 1, proofs: digests.map((digest) => ({ digest, proof: Buffer.alloc(32) })) });
  const { components } = await stranger.next('wanted');
  t.match(components, [{ offset: 0 }], 'it is not told that somebody else has the component');
  const mine = { id: 'task/counter/default', access: 'read-write' } as const;
  const theirs = ['0-0/', '0-1/', '1-1/', '../0-1/'].map((file) => `${file}${mine.id}`);
  const specs = [mine.id, ...theirs].map((id, i) =>
    specOf(`try-${i}`, component, { grants: { publish: ['#'], buckets: { default: { ...mine, id } } } }),
  );
  await stranger.configure(2, specs, component);
  await stranger.next('ready');
  // Both hubs' replicas have this key.
  const event = { ...runOf(1, '').event, captures: { device: 'first' } };
  stranger.send({ type: 'runs', runs: specs.map(({ name }, n) => runOf(n, name, { event })) });
  const published: string[] = [];
  while (published.length < specs.length) {
    for (const { effects } of (await stranger.next('outcomes')).outcomes) {
      const [text] = effects.flatMap((each) => (each.kind === 'publish' ? [Buffer.from(each.payload).toString()] : []));
      published.push(text ?? 'nothing');
    }
  }
  t.strictSame(
    new Set(published),
    new Set(['1 payload 1']),
    'whatever it calls a bucket, it finds none that is not its own',
  );
  for (const n of [0, 1, 2]) stranger.send({ type: 'cancel', n: 1_000 + n });
  stranger.send({ type: 'state', revision: 1, reset: true, entries: [], sets: [] });
  stranger.send({ type: 'runs', runs: [runOf(99, 'turns')] });
  t.match(await stranger.refusal(), /^out-of-turn: No task "turns" is ready/, 'a task is its hub’s own');

  await devices[0].publish('in/x', 'a');
  await devices[0].hears(7);
  t.equal(counts(devices[0]).at(-1), '6', 'and nobody has changed what the first hub has');
});

t.test('a hub that asks for more than it may have gets no more, and the others do not notice', async (t) => {
  const { devices, data, provider } = await twoHubs(t, TURNS);
  const { component } = await builtTask(TURNS);
  const excesses: readonly (readonly [RegExp, (hub: RawHub) => void])[] = [
    [
      /^quota: /,
      (hub) => {
        const value = Buffer.alloc(4 * 1024 * 1024);
        for (let i = 0; i <= DEFAULT_POLICY.stateBytes / value.length; i++) {
          const entries = [{ bucket: 'task/t/default', key: `k${i}`, version: 1, value }];
          hub.send({ type: 'state', revision: i + 1, reset: i === 0, entries, sets: [] });
        }
      },
    ],
  ];
  for (const [refusal, exceed] of excesses) {
    const hub = await opened(t, await invited(data));
    exceed(hub);
    t.match(await hub.refusal(), refusal);
  }
  const many = await opened(t, await invited(data));
  const tasks = Array.from({ length: DEFAULT_POLICY.tasks + 2 }, (_, i) => specOf(`t${i}`, component));
  await many.configure(1, tasks, component);
  const refused = (await many.next('ready')).tasks.filter(({ state }) => state === 'refused');
  t.match(refused, [
    { name: 't256', message: /^a session must have at most 256 tasks/ },
    { name: 't257', message: /^a session must have at most 256 tasks/ },
  ]);
  for (const device of devices) {
    await device.publish('in/a', LIGHT);
    await device.hears(2);
  }
  t.equal(provider.output.match(/session: /g)?.length, 3 + excesses.length, 'each has had one session');
});

/** A session of a hub that says what a test wants. */
async function opened(t: Test, line: string): Promise<RawHub> {
  const read = readJoinToken(line);
  if (!read.ok) throw new Error(read.fault);
  const token: JoinToken = read.token;
  const hub = new RawHub(token, newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  return hub;
}
