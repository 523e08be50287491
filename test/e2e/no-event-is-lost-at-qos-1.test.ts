/** Ten thousand events at QoS 1 through Mosquitto: each one's effect arrives, once. */
import { join } from 'node:path';
import t from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(180_000);

const EVENTS = 10_000;
const DEVICES = 20;

t.test('each of 10,000 events has its effect', { skip: mosquittoMissing() }, async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/echo']);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const folders = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data')];
  const hub = await HubProcess.start(t, [...folders, '--broker', broker.url, '--report', 'lines']);
  const device = await Device.connect(t, broker.url, ['out/+']);

  const events = Array.from({ length: EVENTS }, (_, i) => [`d${i % DEVICES}`, `event ${i}`] as const);
  const sent = events.map(([name, payload]) => device.publish(`in/${name}`, payload));
  await device.hears(EVENTS, 120_000);
  await Promise.all(sent);

  const expected = new Set(events.map(([name, payload]) => `out/${name} ${payload}`));
  const heard = device.texts.map(([topic, payload]) => `${topic} ${payload}`);
  const came = new Set(heard);
  t.strictSame([...expected].filter((each) => !came.has(each)).slice(0, 5), [], 'none is missing');
  t.strictSame(heard.filter((each) => !expected.has(each)).slice(0, 5), [], 'nothing else came');
  t.equal(heard.length, EVENTS, 'none came twice');
  t.equal(await hub.terminated(20_000), 0);
  t.match(hub.stdout, new RegExp(`echo +${EVENTS} +${EVENTS} +${EVENTS} +- `), 'the summary counts them all');
});
