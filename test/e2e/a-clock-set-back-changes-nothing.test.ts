/** The clock of a hub that works is set back an hour, and it is killed and started again, an hour behind. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { until } from '../runtime/eventually.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';
import { Device } from './device.js';
import { Witness } from './witness.js';

t.setTimeout(120_000);

const SETTABLE_CLOCK = ['--import', fileURLToPath(new URL('./settable-clock.js', import.meta.url))];
const EVENTS = 200;
const HALF_HOUR_MS = 1_800_000;

t.test('a clock that is set back changes nothing but times', { skip: mosquittoMissing() }, async (t) => {
  const dir = t.testdir({});
  const edit = (toml: string): string => toml.replace('[[trigger]]', 'schedule.ttl = "30 s"\n\n[[trigger]]');
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter'], edit);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const witness = await Witness.connect(t, broker.url, 'count/+');
  const device = await Device.connect(t, broker.url, []);
  const folders = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data')];
  const args = [...folders, '--broker', broker.url, '--threads', '1', '--report', 'json', '--api', 'off'];
  const sent: string[] = [];
  const publish = (): Promise<unknown> => {
    const more = Array.from({ length: EVENTS }, (_, i) => `event-${sent.length + i}`);
    sent.push(...more);
    return Promise.all(more.map((text) => device.publish('in/d', text)));
  };

  const first = await HubProcess.start(t, args, SETTABLE_CLOCK);
  const before = Date.now();
  await publish();
  await witness.hears(sent.length, 30_000);
  const publishing = publish();
  first.signal('SIGUSR2');
  await publishing;
  await publish();
  await witness.hears(sent.length, 30_000);
  const times = (): number[] => [...first.stdout.matchAll(/"atMs":(\d+)/g)].map(([, ms]) => Number(ms));
  await until('its clock is an hour behind', 10_000, () => times().some((ms) => ms < before - HALF_HOUR_MS));
  const publishingMore = publish();
  await first.killed();
  await publishingMore;

  const second = HubProcess.launch(t, args, SETTABLE_CLOCK);
  await second.says(/"kind":"task-loaded"/, 30_000);
  second.signal('SIGUSR2');
  await witness.hears(sent.length, 30_000);
  t.equal(await second.terminated(20_000), 0);

  t.strictSame(witness.contradictions, []);
  const texts = [...witness.effects.values()].map(({ text }) => text);
  t.strictSame(
    texts,
    sent.map((text, i) => `${i + 1} ${text}`),
    'each event is counted once, in order',
  );
  const said = `${first.stdout}${second.stdout}`;
  t.notMatch(said, /"reason":"expired"/, 'none expired');
  t.notMatch(said, /"totalMs":-/, 'nothing took less than no time');
  const outcomes = new Set([...said.matchAll(/"outcome":\{"kind":"([^"]+)"/g)].map(([, kind]) => kind));
  t.strictSame([...outcomes], ['completed'], 'no deadline was missed');
});
