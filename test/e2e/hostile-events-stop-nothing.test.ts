/** Whatever a device sends, the next good event is handled. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Observation } from '../../hub/observations.js';
import { createHub } from '../../hub/hub.js';
import { createLog } from '../../hub/log.js';
import { createRuntime } from '../../runtime/index.js';
import { connectPacket, publishPacket } from '../bench/mqtt-packets.js';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { fakeLink } from '../hub/fake-link.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(180_000);

const MiB = 1024 * 1024;

const PAYLOADS: readonly (readonly [string, Buffer])[] = [
  ['JSON that does not end', Buffer.from('{"temperature":')],
  ['JSON nested deeper than any stack', Buffer.from('['.repeat(100_000))],
  ['a number that is none', Buffer.from('{"temperature":1e99999,"occupancy":nul}')],
  ['no payload', Buffer.alloc(0)],
  ['1 MiB of nothing', Buffer.alloc(MiB)],
  ['1 MiB of JSON', Buffer.from(`{"temperature":"${'x'.repeat(MiB - 18)}"}`)],
  ['no UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80])],
  ['every byte there is', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
];

const TASKS = ['test/fixtures/guests/echo', 'guest-tasks/motion-light', 'guest-tasks/thermostat'];

/** What a device of the house sends on with the hostile payload, and then as it should. */
async function send(device: Device, payload: Buffer, room: string): Promise<void> {
  for (const sensor of ['climate', 'motion']) await device.publish(`zigbee2mqtt/${room}/${sensor}`, payload);
  await device.publish('in/echo', payload);
  await device.publish(`zigbee2mqtt/${room}/motion`, '{"occupancy":true}');
  await device.publish(`zigbee2mqtt/${room}/climate`, '{"temperature":18}');
}

async function takesItAll(t: Test, url: string): Promise<void> {
  const device = await Device.connect(t, url, ['out/+', 'zigbee2mqtt/+/light/set', 'zigbee2mqtt/+/radiator/set']);
  for (const [i, [name, payload]] of PAYLOADS.entries()) {
    const room = `room-${i}`;
    device.heard.length = 0;
    await send(device, payload, room);
    await device.hears(3);
    const echo = device.heard.find(({ topic }) => topic === 'out/echo');
    t.ok(payload.equals(echo?.payload ?? Buffer.from('nothing came')), `${name}: comes back byte for byte`);
    const commands = device.texts.flatMap(([topic, text]) => (topic === 'out/echo' ? [] : [`${topic} ${text}`]));
    t.strictSame(
      commands.toSorted(),
      [`zigbee2mqtt/${room}/light/set {"state":"ON"}`, `zigbee2mqtt/${room}/radiator/set {"state":"ON"}`],
      `${name}: it commanded nothing, and the good events did`,
    );
  }
}

t.test('hostile payloads through the embedded broker', async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), TASKS);
  const folders = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data')];
  const hub = await HubProcess.start(t, [...folders, '--listen', '127.0.0.1:0', '--report', 'json']);
  await takesItAll(t, hub.brokerUrl);
  t.ok(hub.running);
});

t.test('hostile payloads and deep topics through Mosquitto', { skip: mosquittoMissing() }, async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), TASKS);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const folders = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data')];
  const hub = await HubProcess.start(t, [...folders, '--broker', broker.url, '--report', 'json']);
  await takesItAll(t, broker.url);

  const device = await Device.connect(t, broker.url, ['out/', 'out/good']);
  await publishRaw(broker.port, deepTopic(200), 'as deep as it takes');
  await device.hears(1);
  t.strictSame(device.texts, [['out/', 'as deep as it takes']]);
  await publishRaw(broker.port, deepTopic(300), 'deeper');
  await device.publish('in/good', 'after it');
  await device.hears(2);
  t.strictSame(device.texts[1], ['out/good', 'after it']);
  t.ok(hub.running);
});

t.test('topics that no broker lets through do not stop the hub either', async (t) => {
  const dir = t.testdir({});
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/echo']);
  const link = fakeLink();
  const seen: Observation[] = [];
  const hub = await createHub({
    taskDirs: [join(dir, 'tasks')],
    dataDir: join(dir, 'data'),
    threads: 1,
    startRuntime: createRuntime,
    connect: (onMessage) => link.connect(onMessage),
    brokerName: 'mqtt://none',
    clock: () => 0,
    newEventId: () => `event-${seen.length}`,
    newSeed: () => 1,
    observe: (observation) => seen.push(observation),
    log: createLog('silent'),
  });
  t.teardown(() => hub.close());
  // MQTT counts a topic's bytes with two bytes: the longest is the deepest.
  for (const topic of [deepTopic(200), deepTopic(10_000), `deep${'/'.repeat(65_531)}`, `deep/${'x'.repeat(65_530)}`]) {
    const before = link.published.length;
    link.deliver(topic, { payload: Buffer.from('deep') });
    link.deliver('in/good', { payload: Buffer.from('good') });
    await until('the good event', 20_000, () => link.published.length === before + 2);
    const published = link.published
      .slice(before)
      .map((message) => `${message.topic} ${Buffer.from(message.payload).toString()}`);
    t.strictSame(published.toSorted(), ['out/ deep', 'out/good good'], `${topic.length} bytes`);
  }
  t.equal(link.acknowledged.length, 8);
});

/** `levels` levels, the first of which is "deep". */
function deepTopic(levels: number): string {
  return ['deep', ...Array.from({ length: levels - 1 }, () => 'x')].join('/');
}

/** From a device that keeps to no rules. Resolves when the broker has answered or cut it off. */
async function publishRaw(port: number, topic: string, payload: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(connectPacket('rude'));
  await once(socket, 'data');
  const answered = Promise.race([once(socket, 'data'), once(socket, 'close')]);
  socket.write(publishPacket(topic, payload, 1));
  await answered;
  socket.destroy();
}
