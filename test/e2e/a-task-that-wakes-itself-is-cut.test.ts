/** A loop of a task and the broker ends by itself, and the hub says what it was. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(120_000);

/** Echo answers to `out/x` what comes on `in/x`: here, what comes on `out/x` as well. */
async function wakesItself(t: Test): Promise<readonly string[]> {
  const dir = t.testdir({});
  const tasks = join(dir, 'tasks');
  const edit = (toml: string): string =>
    toml.replace('topic = "deep/#"', 'topic = "out/{device}"').replace('queue = 100000', 'hops = 5');
  await deployInto(tasks, ['test/fixtures/guests/echo'], edit);
  return ['--tasks', tasks, '--data', join(dir, 'data'), '--report', 'json'];
}

async function isCut(t: Test, hub: HubProcess, url: string): Promise<void> {
  const device = await Device.connect(t, url, ['out/+']);
  await device.publish('in/lamp', 'on');
  await hub.says(/"reason":"loop"/, 20_000);
  await device.hears(6);
  await device.publish('in/door', 'open');
  await hub.says(/"topic":"out\/door".*"reason":"loop"/, 20_000);
  await device.hears(12);
  t.equal(device.heard.length, 12, 'each was published once for the event and five times for itself');
  t.match(hub.stdout, /"topic":"out\/lamp","task":"echo","reason":"loop","chain":\["echo",("echo",?){5}\]/);
  await hub.terminated(20_000);
}

t.test('through the embedded broker', async (t) => {
  const hub = await HubProcess.start(t, [...(await wakesItself(t)), '--listen', '127.0.0.1:0']);
  await isCut(t, hub, hub.brokerUrl);
});

t.test('through Mosquitto', { skip: mosquittoMissing() }, async (t) => {
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const hub = await HubProcess.start(t, [...(await wakesItself(t)), '--broker', broker.url]);
  await isCut(t, hub, broker.url);
});
