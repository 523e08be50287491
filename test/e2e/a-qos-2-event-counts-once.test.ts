/** A hub that is killed at each step of an exchange at QoS 2: each event counts once. */
import { join } from 'node:path';
import t from 'tap';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { PACKET, startPacketProxy, type Direction, type Fate } from '../fixtures/packet-proxy.js';
import { until } from '../runtime/eventually.js';
import { Device } from './device.js';
import { HubProcess } from './hub-process.js';
import { deployInto } from './task-folders.js';

t.setTimeout(180_000);

/** When the hub dies: at a packet of the event, which still passes or does not. */
const STEPS: readonly (readonly [string, Direction, number, Fate])[] = [
  ['before it has the event', 'to-client', PACKET.publish, 'lose'],
  ['with the event, which may be on disk', 'to-client', PACKET.publish, 'pass'],
  ['with the event on disk, before the broker has PUBREC', 'to-broker', PACKET.pubrec, 'lose'],
  ['when the broker has PUBREC', 'to-broker', PACKET.pubrec, 'pass'],
  ['before it has PUBREL', 'to-client', PACKET.pubrel, 'lose'],
  ['before the broker has PUBCOMP', 'to-broker', PACKET.pubcomp, 'lose'],
  ['when the broker has PUBCOMP', 'to-broker', PACKET.pubcomp, 'pass'],
];

t.test('each event counts once, and its count is published', { skip: mosquittoMissing() }, async (t) => {
  const dir = t.testdir({});
  const edit = (toml: string): string => toml.replace('topic = "in/{device}"', 'topic = "in/{device}"\nqos = 2');
  await deployInto(join(dir, 'tasks'), ['test/fixtures/guests/counter'], edit);
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const proxy = await startPacketProxy(broker.port);
  t.teardown(() => proxy.close());
  const args = ['--tasks', join(dir, 'tasks'), '--data', join(dir, 'data'), '--threads', '1', '--report', 'json'];
  const device = await Device.connect(t, broker.url, ['count/+']);

  for (const [n, [when, direction, type, fate]] of STEPS.entries()) {
    proxy.decide = () => 'pass';
    const hub = await HubProcess.start(t, [...args, '--broker', proxy.url]);
    // Of each event before.
    await device.hearsUntil(`${n} counts`, 20_000, () => new Set(device.texts.map(String)).size >= n);
    let dying: Promise<void> | undefined;
    proxy.decide = (way, kind) => {
      if (dying !== undefined) return 'lose';
      // Its own publishes are at QoS 1, and so have no packets in common with these but PUBLISH, the other way.
      if (way !== direction || kind !== type) return 'pass';
      dying = hub.killed();
      return fate;
    };
    await device.publish('in/lamp', `event ${n + 1}`, 2);
    await until(`it dies ${when}`, 20_000, () => dying !== undefined);
    await dying;
  }
  proxy.decide = () => 'pass';
  const last = await HubProcess.start(t, [...args, '--broker', proxy.url]);
  await device.publish('in/lamp', 'the last', 2);
  await device.hearsUntil('the last count', 20_000, () => device.texts.some(([, text]) => text.endsWith('the last')));
  t.equal(await last.terminated(20_000), 0);
  t.strictSame(
    [...new Set(device.texts.map(([, text]) => text))].toSorted(),
    [...STEPS.map((_, n) => `${n + 1} event ${n + 1}`), `${STEPS.length + 1} the last`].toSorted(),
  );
});
