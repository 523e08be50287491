/** What is recorded of a run outlives a kill and a new version of its task, and executes to the same again. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { RecordReader } from '../../hub/store/record-reader.js';
import { openStore } from '../../hub/store/index.js';
import { openState } from '../../hub/store/reader.js';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { sternaToItsEnd, type Ended } from '../program-to-its-end.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(180_000);

const DEVICES = ['d0', 'd1', 'd2'];
const EVENTS = 300;
const BUCKET = 'task/counter/default';

interface ListedRun {
  readonly runId: string;
  readonly task: string;
  readonly outcome: { readonly kind: string };
  readonly written: number;
  readonly version: string;
}

t.test('records outlive a kill and a new version', { skip: mosquittoMissing() }, async (t) => {
  const dir = t.testdir({});
  const [tasks, data] = [join(dir, 'tasks'), join(dir, 'data')];
  await deployInto(tasks, ['test/fixtures/guests/counter', 'guest-tasks/rogue/trap']);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const args = ['--tasks', tasks, '--data', data, '--broker', broker.url, '--api', '127.0.0.1:0', '--report', 'json'];

  const sterna = (...words: readonly string[]): Promise<Ended> => sternaToItsEnd(...words, '--data', data);
  const runs = async (...words: readonly string[]): Promise<readonly ListedRun[]> => {
    const said = await sterna('runs', ...words, '--limit', '1000', '--json');
    if (said.code !== 0) throw new Error(said.stderr);
    return (JSON.parse(said.stdout) as { readonly runs: readonly ListedRun[] }).runs;
  };
  const asked = (): boolean => readdirSync(data).includes('api.json');

  const device = await Device.connect(t, broker.url, ['count/+']);
  const first = await HubProcess.start(t, args);
  const arrived: Promise<void>[] = [];
  for (let i = 0; i < EVENTS; i++) arrived.push(device.publish(`in/${DEVICES[i % DEVICES.length]}`, `event ${i}`));
  await device.hears(EVENTS / 6);
  await first.killed();
  rmSync(join(data, 'api.json'), { force: true });

  await t.test('at the moment of the kill there is a record for each count, and for nothing else', async (t) => {
    const file = join(data, 'state.db');
    const store = openStore(file);
    const [reader, state] = [new RecordReader(file), openState({ file })];
    const recorded = reader.list({
      task: 'counter',
      outcome: 'completed',
      sinceMs: undefined,
      limit: EVENTS,
      log: { lines: 0, length: 0 },
    });
    const snapshot = state.snapshot();
    t.ok(recorded.length > 0 && recorded.length <= EVENTS);
    for (const name of DEVICES) {
      const count = snapshot.get(BUCKET, name)?.value;
      const counted = count === undefined ? 0 : Number(Buffer.from(count).readBigUInt64LE());
      t.equal(
        recorded.filter(({ topic }) => topic === `in/${name}`).length,
        counted,
        `${name} was counted ${counted} times`,
      );
    }
    snapshot.release();
    reader.close();
    state.close();
    await store.close();
  });

  await Promise.all(arrived);
  const second = await HubProcess.start(t, args);
  await device.hearsUntil(
    'a count for each event',
    60_000,
    () => new Set(device.texts.map(([, text]) => text.slice(text.indexOf(' ')))).size === EVENTS,
  );
  await device.publish('rogue/trap/poke', '');
  await until('its API is there', 10_000, asked);
  await until('the rogue has run', 10_000, () => /"task":"trap"/.test(second.stdout));

  await t.test('runs of before the kill are listed, by what is asked for', async (t) => {
    const counted = await runs('counter');
    t.equal(counted.length, EVENTS);
    t.equal(new Set(counted.map(({ runId }) => runId)).size, EVENTS);
    t.ok(counted.every(({ written, outcome }) => written === 1 && outcome.kind === 'completed'));
    t.match(await runs('--outcome', 'trapped'), [{ task: 'trap' }]);
    t.equal((await runs('--since', '24h')).length, EVENTS + 1);
    t.match(await sterna('runs', '--outcome', 'fine'), { code: 1, stderr: /outcome must be one of completed, failed/ });
  });

  const oldest = (await runs('counter')).at(-1)?.runId ?? '';
  t.equal(await second.terminated(20_000), 0);
  rmSync(join(tasks, 'counter'), { recursive: true });
  await deployInto(tasks, ['test/fixtures/guests/echo'], (toml) =>
    `component = "build/echo.wasm"\n${toml}`
      .replace(/^name = .*/m, 'name = "counter"')
      .replace(/^version = .*/m, 'version = "2.0.0"'),
  );
  const third = await HubProcess.start(t, args);
  await until('its API is there', 10_000, asked);

  await t.test('all that is kept of a run is shown', async (t) => {
    const shown = await sterna('run', oldest);
    t.equal(shown.code, 0, shown.stderr);
    t.match(JSON.parse(shown.stdout), {
      runId: oldest,
      task: { name: 'counter', version: '1.0.0' },
      event: { topic: /^in\/d\d$/, payload: /^event \d+$/, qos: 1, captures: { device: /^d\d$/ } },
      where: 'local',
      outcome: { kind: 'completed' },
      reads: [{ bucket: BUCKET, key: /^d\d$/, version: 0 }],
      effects: [
        { kind: 'set', bucket: BUCKET },
        { kind: 'publish', topic: /^count\/d\d$/, payload: /^1 event \d+$/ },
      ],
    });
    t.match(await sterna('run', 'none/counter'), {
      code: 1,
      stderr: 'sterna: there is no record of a run "none/counter"',
    });
  });

  await t.test('a run of the earlier version executes to the same again, and disturbs nobody', async (t) => {
    const before = device.heard.length;
    const json = await sterna('replay', oldest, '--json');
    t.equal(json.code, 0, json.stderr);
    t.match(JSON.parse(json.stdout), { runId: oldest, version: '1.0.0', identical: true, differences: [] });
    t.equal(device.heard.length, before, 'nothing was published');
    t.equal((await runs('counter')).length, EVENTS, 'no run was added');
  });
  t.equal(await third.terminated(20_000), 0);
});
