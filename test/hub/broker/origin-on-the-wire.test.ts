/** What others see of where a message comes from, through a real broker. */
import t, { type Test } from 'tap';
import { connectBroker } from '../../../hub/broker/index.js';
import type { Effect, QoS } from '../../../runtime/index.js';
import { mosquittoMissing, startMosquitto } from '../../fixtures/mosquitto.js';
import { until } from '../../runtime/eventually.js';
import { fakeLink } from '../fake-link.js';
import type { Behaviour } from '../fake-runtime.js';
import { testHub, type TestHub } from '../hub-under-test.js';
import { rawSubscriber } from './raw-subscriber.js';

const skip = mosquittoMissing();

const publish = (topic: string, text: string, qos: QoS): Effect => ({
  kind: 'publish',
  topic,
  payload: Buffer.from(text),
  qos,
  retain: false,
});

interface Site {
  readonly url: string;
  readonly clientId: string;
  readonly protocolVersion: 4 | 5;
  readonly task: string;
  readonly behave: () => Behaviour;
}

/** A hub with one task, whose runs do as they are told, on a real broker. */
function hubAt(t: Test, { task, behave, ...link }: Site): Promise<TestHub> {
  const name = /name = "(.*)"/.exec(task)?.[1] ?? '';
  return testHub(t, {
    tasks: { [name]: task },
    behave,
    link: { ...fakeLink(), connect: (onMessage) => connectBroker({ ...link, persistent: false }, onMessage) },
  });
}

const LIGHT = 'name = "light"\n[[trigger]]\ntopic = "motion"\n[grants]\npublish = ["light/+"]\n';

const byQoS = (): Behaviour => ({
  effects: ([0, 1, 2] as const).map((qos) => publish(`light/${qos}`, 'on', qos)),
});

for (const version of [5, 4] as const) {
  const promise =
    version === 5
      ? 'on MQTT 5, each effect says its id, its task, its time and the tasks that led to it'
      : 'on MQTT 3.1.1, it is the payload and nothing else';
  t.test(promise, { skip }, async (t) => {
    const broker = await startMosquitto();
    t.teardown(() => broker.close());
    const heard = await rawSubscriber(t, broker.port, version);
    await hubAt(t, { url: broker.url, clientId: 'hub', protocolVersion: version, task: LIGHT, behave: byQoS });
    const sensor = await connectBroker({ url: broker.url, clientId: 'sensor', persistent: false }, () => undefined);
    await sensor.publish({ topic: 'motion', payload: Buffer.from('{}'), qos: 1, retain: false });
    await until('all three', 20_000, () => heard.length === 4);
    await sensor.close();
    const lights = heard.filter(({ topic }) => topic !== 'motion').toSorted((a, b) => (a.topic < b.topic ? -1 : 1));
    t.strictSame(
      lights.map(({ topic, payload }) => [topic, payload]),
      [0, 1, 2].map((qos) => [`light/${qos}`, 'on']),
    );
    for (const [n, { properties }] of lights.entries()) {
      if (version === 4) t.equal(properties, undefined);
      else {
        t.strictSame(properties, [
          ['id', `e0/light/${n}`],
          ['source', 'light'],
          ['time', new Date(5_000).toISOString()],
          ['chain', 'light'],
        ]);
      }
    }
  });
}

t.test('two hubs that wake each other through a broker are cut, by the chain on the wire', { skip }, async (t) => {
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const task = (name: string, on: string, to: string): string =>
    `name = "${name}"\n[[trigger]]\ntopic = "${on}"\n[limits]\nhops = 3\n[grants]\npublish = ["${to}"]\n`;
  let rounds = 0;
  const site = { url: broker.url, protocolVersion: 5 } as const;
  const one = await hubAt(t, {
    ...site,
    clientId: 'one',
    task: task('ping', 'ping', 'pong'),
    behave: () => ({ effects: [publish('pong', String(rounds++), 1)] }),
  });
  const other = await hubAt(t, {
    ...site,
    clientId: 'other',
    task: task('pong', 'pong', 'ping'),
    behave: () => ({ effects: [publish('ping', String(rounds++), 1)] }),
  });
  const sensor = await connectBroker({ url: broker.url, clientId: 'sensor', persistent: false }, () => undefined);
  await sensor.publish({ topic: 'ping', payload: Buffer.from('go'), qos: 1, retain: false });
  await until('the loop is cut', 20_000, () => one.hub.counts.dropped.loop + other.hub.counts.dropped.loop === 1);
  await sensor.close();
  t.equal(one.hub.counts.runs.completed, 4, 'woken from outside, and by itself as often as it may');
  t.match(
    one.seen.filter(({ kind }) => kind === 'event-dropped'),
    [{ reason: 'loop', chain: ['ping', 'pong', 'ping', 'pong', 'ping', 'pong', 'ping', 'pong'] }],
  );
});
