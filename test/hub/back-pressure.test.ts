/**
 * More events than the hub has room for, from brokers that send all they have:
 * none is lost, the connection stays, and the hub's memory is bounded.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { connectBroker, startEmbeddedBroker, type LinkState } from '../../hub/broker/index.js';
import type { BrokerLink } from '../../hub/broker-link.js';
import type { Observation } from '../../hub/observations.js';
import { createHub, type Hub } from '../../hub/hub.js';
import { INTAKE_BOUNDS } from '../../hub/intake/limits.js';
import { MANIFEST_BOUNDS } from '../../hub/manifest/limits.js';
import { QUEUE_BOUNDS } from '../../hub/queue/limits.js';
import { createLog } from '../../hub/log.js';
import { mosquittoMissing, startMosquitto } from '../fixtures/mosquitto.js';
import { PACKET, startPacketProxy } from '../fixtures/packet-proxy.js';
import { until } from '../runtime/eventually.js';
import { fakeRuntime, type FakeRuntime } from './fake-runtime.js';

t.setTimeout(120_000);

const MANIFEST = `name = "slow"
version = "1.0.0"
component = "c.wasm"
[[trigger]]
topic = "in/+"
[schedule]
key = false
[limits]
queue = ${MANIFEST_BOUNDS.maxTaskQueue}
`;

/** More than may run and wait, and be held. */
const EVENTS = QUEUE_BOUNDS.queuedRuns + INTAKE_BOUNDS.heldEvents + 3_000;

interface Started {
  readonly hub: Hub;
  readonly runtime: FakeRuntime;
  readonly seen: Observation[];
  readonly states: LinkState[];
}

/** A hub whose runs end when they are told to. */
async function startHub(t: Test, options: Parameters<typeof connectBroker>[0]): Promise<Started> {
  const dir = t.testdir({});
  const tasks = join(dir, 'tasks', 'slow');
  mkdirSync(tasks, { recursive: true });
  writeFileSync(join(tasks, 'task.toml'), MANIFEST);
  writeFileSync(join(tasks, 'c.wasm'), 'slow');
  const runtime = fakeRuntime();
  runtime.slots = 1_000;
  const seen: Observation[] = [];
  const states: LinkState[] = [];
  let ids = 0;
  const hub = await createHub({
    taskDirs: [tasks],
    dataDir: join(dir, 'data'),
    startRuntime: () => Promise.resolve(runtime),
    connect: (onMessage, onReleased) =>
      connectBroker({ ...options, onReleased, onState: (state) => states.push(state) }, onMessage),
    brokerName: 'mqtt://broker',
    clock: Date.now,
    newEventId: () => `e${ids++}`,
    newSeed: () => 7,
    observe: (one) => {
      if (one.kind === 'intake-paused' || one.kind === 'intake-resumed') seen.push(one);
    },
    log: createLog('silent'),
    drainMs: 0,
  });
  t.teardown(() => hub.close());
  return { hub, runtime, seen, states };
}

/** Ends runs as they come until so many have. */
async function endRuns({ hub, runtime }: Started, count: number): Promise<void> {
  await until(`${count} runs`, 60_000, () => {
    while (runtime.pending.length > 0) runtime.answer();
    return hub.counts.runs.completed >= count;
  });
}

/** Hands all events to a link; those that the broker has no room for wait in it. */
function publishAll(link: BrokerLink, qos: 1 | 2): Promise<unknown> {
  const payload = Buffer.from('{"celsius":21.5}');
  const all = Array.from({ length: EVENTS }, (_, i) => ({ topic: `in/${i}`, payload, qos, retain: false }));
  return Promise.all(all.map((message) => link.publish(message)));
}

function wasPaused(t: Test, { hub, seen, states }: Started): void {
  t.equal(states.length, 1, 'on one connection');
  t.equal(hub.counts.refused['hub-queue-full'], 0);
  t.equal(hub.counts.pauses, seen.filter(({ kind }) => kind === 'intake-paused').length);
  t.ok(hub.counts.pauses > 0);
  for (const one of seen) {
    if (one.kind === 'intake-paused') t.equal(one.events, INTAKE_BOUNDS.heldEvents, 'not one event more');
  }
  t.equal(seen.at(-1)?.kind, 'intake-resumed');
}

t.test('the embedded broker, which has no window: every event runs once there is room', async (t) => {
  const broker = await startEmbeddedBroker();
  t.teardown(() => broker.close());
  const started = await startHub(t, { url: broker.url, clientId: 'hub', protocolVersion: 4, ...broker.hub });
  const sender = await connectBroker({ url: broker.url, clientId: 'sender', protocolVersion: 4 }, () => undefined);
  t.teardown(() => sender.close());
  const published = publishAll(sender, 1);
  await until('it stops reading', 60_000, () => started.hub.counts.pauses > 0);
  await endRuns(started, EVENTS);
  await published;
  t.equal(started.hub.counts.received, EVENTS);
  wasPaused(t, started);
});

for (const qos of [1, 2] as const) {
  t.test(
    `Mosquitto without a window, at QoS ${qos}: paused past its keepalive, the link stands, and every event runs`,
    { skip: mosquittoMissing() },
    async (t) => {
      const broker = await startMosquitto(['max_inflight_messages 0', 'max_queued_messages 0']);
      t.teardown(() => broker.close());
      const proxy = await startPacketProxy(broker.port);
      t.teardown(() => proxy.close());
      const keepaliveSeconds = 3;
      // In MQTT 5, Mosquitto would keep to the hub's receive maximum for as long as nothing is acknowledged.
      const started = await startHub(t, { url: proxy.url, clientId: 'hub', protocolVersion: 4, keepaliveSeconds });
      const sender = await connectBroker({ url: broker.url, clientId: 'sender' }, () => undefined);
      t.teardown(() => sender.close());
      const published = publishAll(sender, qos);
      await until('it stops reading', 60_000, () => started.hub.counts.pauses > 0);
      let pings = 0;
      proxy.decide = (direction, type) => {
        if (direction === 'to-broker' && type === PACKET.pingreq) pings++;
        return 'pass';
      };
      // Twice in a keepalive: for longer than one and a half of them, whoever counts.
      await until('it goes on pinging', 30_000, () => pings >= 4);
      await endRuns(started, EVENTS);
      await published;
      t.equal(started.hub.counts.received, EVENTS);
      t.equal(proxy.connections, 1);
      wasPaused(t, started);
    },
  );
}

t.test('a hub that is told to stop while it does not read stops', async (t) => {
  const broker = await startEmbeddedBroker();
  t.teardown(() => broker.close());
  const started = await startHub(t, { url: broker.url, clientId: 'hub', protocolVersion: 4, ...broker.hub });
  const sender = await connectBroker({ url: broker.url, clientId: 'sender', protocolVersion: 4 }, () => undefined);
  void publishAll(sender, 1).catch(() => undefined);
  await until('it stops reading', 60_000, () => started.hub.counts.pauses > 0);
  const left = await started.hub.close();
  t.ok(left > 0);
  t.equal(started.seen.at(-1)?.kind, 'intake-resumed');
  await sender.close();
});
