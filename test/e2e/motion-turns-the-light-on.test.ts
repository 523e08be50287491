/** From a sensor's report to a light's command, over brokers of both kinds. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { connectBroker, startEmbeddedBroker } from '../../hub/broker/index.js';
import { createHub } from '../../hub/hub.js';
import { eventIds, runSeeds } from '../../hub/ids.js';
import { createLog } from '../../hub/log.js';
import { createRuntime } from '../../runtime/index.js';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(180_000);

const SEEN = '2026-11-21T12:00:00Z';
const QUIET = '2026-11-21T12:02:00Z';

async function prepared(t: Test): Promise<{ readonly tasks: string; readonly data: string }> {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['guest-tasks/motion-light', 'guest-tasks/thermostat']);
  return { tasks: join(dir, 'tasks'), data: join(dir, 'data') };
}

/** The promise itself: whatever hub and broker are between. */
async function lightFollowsMotion(t: Test, url: string): Promise<void> {
  const device = await Device.connect(t, url, ['zigbee2mqtt/+/light/set', 'zigbee2mqtt/+/radiator/set']);
  await device.publish('zigbee2mqtt/hall/motion', `{"occupancy":true,"last_seen":"${SEEN}"}`);
  await device.hears(1);
  // Still moving: nothing to be said. Two minutes of quiet: off. The radiator is another task's.
  await device.publish('zigbee2mqtt/hall/motion', `{"occupancy":true,"last_seen":"${SEEN}"}`);
  await device.publish('zigbee2mqtt/hall/motion', `{"occupancy":false,"last_seen":"${QUIET}"}`);
  await device.hears(2);
  await device.publish('zigbee2mqtt/attic/climate', `{"temperature":18,"last_seen":"${QUIET}"}`);
  await device.hears(3);
  t.strictSame(device.texts, [
    ['zigbee2mqtt/hall/light/set', '{"state":"ON"}'],
    ['zigbee2mqtt/hall/light/set', '{"state":"OFF"}'],
    ['zigbee2mqtt/attic/radiator/set', '{"state":"ON"}'],
  ]);
}

t.test('through the embedded broker, within one process', async (t) => {
  const { tasks, data } = await prepared(t);
  const broker = await startEmbeddedBroker();
  const hub = await createHub({
    taskDirs: [tasks],
    dataDir: data,
    threads: 2,
    startRuntime: createRuntime,
    connect: (onMessage) => connectBroker({ url: broker.url, clientId: 'hub', persistent: false }, onMessage),
    brokerName: broker.url,
    clock: Date.now,
    newEventId: eventIds(Date.now),
    newSeed: runSeeds(),
    observe: () => undefined,
    log: createLog('silent'),
  });
  t.teardown(() => broker.close());
  t.teardown(() => hub.close());
  await lightFollowsMotion(t, broker.url);
  t.match(hub.counts, { received: 4, published: 3, publishFailed: 0 });
});

t.test('through the embedded broker of a real hub', async (t) => {
  const { tasks, data } = await prepared(t);
  const args = ['--tasks', tasks, '--data', data, '--listen', '127.0.0.1:0', '--report', 'json', '--log', 'warn'];
  const hub = await HubProcess.start(t, args);
  await lightFollowsMotion(t, hub.brokerUrl);
  t.equal(await hub.terminated(20_000), 0);
  t.equal(hub.stderr, '');
});

t.test('through Mosquitto and a real hub', { skip: mosquittoMissing() }, async (t) => {
  const { tasks, data } = await prepared(t);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const args = ['--tasks', tasks, '--data', data, '--broker', broker.url, '--report', 'json', '--log', 'warn'];
  const hub = await HubProcess.start(t, args);
  await lightFollowsMotion(t, broker.url);
  t.equal(await hub.terminated(20_000), 0);
  t.equal(hub.stderr, '');
});
