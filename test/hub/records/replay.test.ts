/** Runs of real tasks in a real hub, executed again from what was recorded of them. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createHub, type Hub } from '../../../hub/hub.js';
import { eventIds, runSeeds } from '../../../hub/ids.js';
import { createLog } from '../../../hub/log.js';
import { recordOfJson, replay, type Replayed } from '../../../hub/records/index.js';
import type { StoredRecord } from '../../../hub/store/index.js';
import { createRuntime } from '../../../runtime/index.js';
import { Home } from '../../../sim/home.js';
import { START_MS } from '../../../sim/limits.js';
import { deployInto } from '../../e2e/task-folders.js';
import { until } from '../../runtime/eventually.js';
import { fakeLink } from '../fake-link.js';

t.setTimeout(180_000);

const HOME_TASKS = ['anomaly', 'energy-window', 'motion-light', 'thermostat', 'javascript/comfort-index'];
const ROGUES = ['fill', 'flood', 'hoard', 'peek', 'recurse', 'spin', 'trap'];

/** Of each task that a home wakes, so many runs are executed again. */
const RUNS_EACH = 2;

const dir = t.testdir({});
const tasks = join(dir, 'tasks');
await deployInto(tasks, [
  ...HOME_TASKS.map((name) => `guest-tasks/${name}`),
  ...ROGUES.map((name) => `guest-tasks/rogue/${name}`),
]);
await deployInto(tasks, ['test/fixtures/guests/sdk-calls'], (toml) => toml.replace('test/#', 'test/{what}'));
const late = (toml: string): string =>
  `component = "build/spin.wasm"\n${toml}`
    .replace('name = "spin"', 'name = "late"')
    .replace('rogue/spin', 'rogue/late')
    .replace(/fuel = .*/, 'fuel = "100G"')
    .replace(/deadline = .*/, 'deadline = "50 ms"');
await deployInto(join(dir, 'late'), ['guest-tasks/rogue/spin'], late);

const link = fakeLink();
const hub: Hub = await createHub({
  taskDirs: [tasks, join(dir, 'late')],
  dataDir: join(dir, 'data'),
  threads: 2,
  startRuntime: createRuntime,
  connect: (onMessage) => link.connect(onMessage),
  brokerName: 'mqtt://fake',
  clock: Date.now,
  newEventId: eventIds(Date.now),
  newSeed: runSeeds(),
  observe: () => undefined,
  log: createLog('silent'),
});
t.teardown(() => hub.close());

const log = { lines: 10, length: 100 };
const any = { task: undefined, outcome: undefined, sinceMs: undefined, limit: 1_000, log };

/** The records of a task's runs, the latest first, as another process gets them. */
async function recordsOf(task: string): Promise<readonly StoredRecord[]> {
  const runs = JSON.parse((await hub.history?.list({ ...any, task })) ?? '[]') as readonly { readonly runId: string }[];
  return Promise.all(
    runs.map(async ({ runId }) => recordOfJson(JSON.parse((await hub.history?.find(runId)) ?? 'null'))),
  );
}

async function replayed(record: StoredRecord): Promise<Replayed> {
  const component = await hub.history?.component(record.task.component);
  if (component === undefined) throw new Error('the component is not kept');
  return replay(record, { startRuntime: createRuntime, component, cacheDir: join(dir, 'data', 'components') });
}

async function sent(messages: readonly { readonly topic: string; readonly payload: string }[]): Promise<void> {
  for (const { topic, payload } of messages) link.deliver(topic, { payload: Buffer.from(payload) });
  await until('all runs are over', 60_000, () => hub.runs === 0);
}

async function isIdentical(t: Test, record: StoredRecord): Promise<Replayed> {
  const again = await replayed(record);
  t.strictSame(again.differences, [], `${record.runId}: ${record.outcome.kind}, ${record.usage.fuel} fuel`);
  return again;
}

const home = new Home({ seed: 4, rooms: 2, startMs: START_MS });
await sent(home.advance(START_MS + 3_600_000, 300));
await sent([...ROGUES, 'late'].map((name) => ({ topic: `rogue/${name}/poke`, payload: '' })));
await sent(['bucket', 'log', 'fail'].map((what) => ({ topic: `test/${what}`, payload: what })));
// The keys that it lists are there by now, others come meanwhile.
await sent([{ topic: 'test/bucket', payload: 'again' }]);

void t.test('runs of the tasks of a home are the same again: outcome, effects, log and fuel', async (t) => {
  for (const name of HOME_TASKS.map((path) => path.split('/').at(-1) ?? '')) {
    const records = await recordsOf(name);
    t.ok(records.length >= RUNS_EACH, `${name} has run`);
    const telling = records.toSorted((a, b) => b.effects.length - a.effects.length).slice(0, RUNS_EACH);
    for (const record of telling) await isIdentical(t, record);
  }
});

void t.test('runs that did not complete are the same again, however they ended', async (t) => {
  const outcomes = new Set<string>();
  for (const name of ROGUES) {
    const [record] = await recordsOf(name);
    if (record === undefined) throw new Error(`${name} has not run`);
    outcomes.add(record.outcome.kind);
    await isIdentical(t, record);
  }
  const failed = (await recordsOf('sdk-calls')).find(({ outcome }) => outcome.kind === 'failed');
  if (failed === undefined) throw new Error('no run has failed');
  await isIdentical(t, failed);
  t.strictSame([...outcomes].toSorted(), ['denied', 'out-of-fuel', 'out-of-memory', 'output-limit', 'trapped']);
});

void t.test('a run that its deadline stopped is executed up to the fuel at which that was', async (t) => {
  const [record] = await recordsOf('late');
  if (record === undefined) throw new Error('it has not run');
  t.strictSame(record.outcome, { kind: 'deadline' });
  const { result, notes } = await isIdentical(t, record);
  t.equal(result.usage.fuel, record.usage.fuel - 1);
  t.match(notes, [/^it was stopped from outside after \d+ fuel/]);
});

void t.test('what a run read, and the keys that it listed, come from the record', async (t) => {
  const [record] = (await recordsOf('sdk-calls')).filter(({ pages }) => pages.length > 0);
  if (record === undefined) throw new Error('no run has listed keys');
  t.ok(record.reads.length > 0);
  t.ok(record.pages.some(({ keys }) => keys.length > 0));
  await isIdentical(t, record);

  const read = record.reads.findIndex(({ value }) => value !== undefined);
  const asked = record.reads[read];
  t.ok(asked);
  const without = await replayed({ ...record, reads: record.reads.toSpliced(read, 1) });
  t.match(without.differences, [
    { what: 'outcome', recorded: 'completed', replayed: new RegExp(`the record does not say what "${asked?.key}" of`) },
  ]);
  const unlisted = await replayed({ ...record, pages: [] });
  t.match(unlisted.differences, [{ what: 'outcome', replayed: /the record does not say what the first keys of/ }]);
});

void t.test('a record that was tampered with differs, and it is said where', async (t) => {
  const records = await recordsOf('thermostat');
  const record = records.find(({ effects }) => effects.some(({ kind }) => kind === 'publish'));
  if (record === undefined) throw new Error('no run has published');
  const [what, ...rest] = record.effects;
  if (what?.kind !== 'publish') throw new Error('it publishes first');
  const other = { ...what, payload: Buffer.from('{"state":"MELT"}') };
  t.match((await replayed({ ...record, effects: [other, ...rest] })).differences, [
    { what: 'effects', recorded: /^1 of 2: publish .*MELT/, replayed: /^1 of 2: publish .*"state":"O/ },
  ]);
  const fuel = record.usage.fuel + 1;
  t.strictSame((await replayed({ ...record, usage: { ...record.usage, fuel } })).differences, [
    { what: 'fuel', recorded: String(fuel), replayed: String(fuel - 1) },
  ]);
  t.match((await replayed({ ...record, log: [{ level: 'info', context: 'x', message: 'y' }] })).differences, [
    { what: 'log', recorded: '1 of 1: info x: y', replayed: '1 of 1: nothing' },
  ]);
  t.match((await replayed({ ...record, outcome: { kind: 'out-of-fuel' } })).differences, [
    { what: 'outcome', recorded: 'out-of-fuel', replayed: 'completed' },
  ]);
  const older = await replayed({ ...record, task: { ...record.task, instrumentation: '3' } });
  t.match(older.notes, [/^its fuel was counted by instrumentation 3, and this Sterna has/]);
  await t.rejects(replayed({ ...record, notReplayable: 'it is a test' }), {
    message: 'Cannot replay the run as it is a test',
  });
});
