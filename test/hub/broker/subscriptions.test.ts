import t from 'tap';
import { Subscriptions } from '../../../hub/broker/subscriptions.js';
import { connectBroker } from '../../../hub/broker/index.js';
import { mosquittoMissing, startMosquitto } from '../../fixtures/mosquitto.js';
import { FakeWire } from './fake-wire.js';
import { Inbox, text } from './inbox.js';

const silent = { delivered() {}, released() {}, online() {}, offline() {}, refused() {} };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function subscriptions(): { wire: FakeWire; of: Subscriptions } {
  const wire = new FakeWire(silent);
  const of = new Subscriptions(wire);
  of.online(false);
  return { wire, of };
}

t.test('a filter that is given up is not asked for again in a new session', async (t) => {
  const { wire, of } = subscriptions();
  await of.add(
    ['a', 'b'].map((filter) => ({ filter, qos: 1 })),
    true,
  );
  await of.remove(['a'], true);
  t.strictSame(wire.givenUp, [['a']]);
  of.online(false);
  await turn();
  t.strictSame(wire.asked, [['a', 'b'], ['b']]);
  t.strictSame(wire.givenUp, [['a']], 'a new session has it not');
});

t.test('a filter that was given up while offline, or whose answer was lost, is given up in the session', async (t) => {
  const { wire, of } = subscriptions();
  await of.add([{ filter: 'a', qos: 1 }], true);
  const removed = of.remove(['a'], false);
  t.strictSame(wire.givenUp, []);
  wire.answerUnsubscribe = () => Promise.reject(new Error('Connection closed'));
  of.online(true);
  await turn();
  wire.answerUnsubscribe = () => Promise.resolve([]);
  of.online(true);
  await removed;
  t.strictSame(wire.givenUp, [['a'], ['a']]);
  of.online(true);
  await turn();
  t.equal(wire.givenUp.length, 2, 'once it is answered, no more');
  t.equal(wire.asked.length, 1);
});

t.test('with the session, whatever it had is gone', async (t) => {
  const { of, wire } = subscriptions();
  const removed = of.remove(['a'], false);
  of.online(false);
  await removed;
  t.strictSame(wire.givenUp, []);
});

t.test('the last call that names a filter counts, and who waits for an earlier one waits no more', async (t) => {
  const { wire, of } = subscriptions();
  const silence = new Promise<never>(() => undefined);
  wire.answer = () => silence;
  wire.answerUnsubscribe = () => silence;
  const added = of.add([{ filter: 'a', qos: 1 }], true);
  const removed = of.remove(['a'], true);
  await added;
  const again = of.add([{ filter: 'a', qos: 2 }], true);
  await removed;
  wire.answer = (wanted) => Promise.resolve(wanted.map(({ qos }) => qos));
  wire.answerUnsubscribe = () => Promise.resolve([0]);
  of.online(true);
  await again;
  t.strictSame(wire.asked, [['a'], ['a'], ['a']]);
  t.strictSame(wire.givenUp, [['a']], 'it is wanted');
});

t.test('a filter is asked for anew when its QoS changes, up or down, and only then', async (t) => {
  const { wire, of } = subscriptions();
  const asked: number[] = [];
  wire.answer = (wanted) => {
    asked.push(...wanted.map(({ qos }) => qos));
    return Promise.resolve(wanted.map(({ qos }) => qos));
  };
  for (const qos of [1, 1, 2, 0, 0] as const) await of.add([{ filter: 'a', qos }], true);
  t.strictSame(asked, [1, 2, 0]);
});

t.test('a broker that refuses to let go is named, and closing ends every wait', async (t) => {
  const { wire, of } = subscriptions();
  wire.answerUnsubscribe = () => Promise.resolve([135]);
  await t.rejects(of.remove(['a/#'], true), { code: 'unsubscribe-refused', message: /"a\/#".*135/ });
  const waiting = of.remove(['b'], false);
  of.close();
  await t.rejects(waiting, { code: 'closed' });
});

for (const version of [5, 4] as const) {
  t.test(
    `Mosquitto in MQTT ${version}: QoS changes, and what is given up comes no more`,
    {
      skip: mosquittoMissing(),
    },
    async (t) => {
      const broker = await startMosquitto();
      t.teardown(() => broker.close());
      const inbox = new Inbox();
      const link = await connectBroker({ url: broker.url, clientId: 'hub', protocolVersion: version }, (m) => {
        inbox.take(m);
        m.acknowledge();
      });
      const publish = (topic: string): Promise<void> =>
        link.publish({ topic, payload: Buffer.from(topic), qos: 2, retain: false });
      await link.subscribe(['a', 'b'].map((filter) => ({ filter, qos: 1 })));
      await publish('a');
      await link.subscribe([{ filter: 'a', qos: 2 }]);
      await publish('a');
      await link.subscribe([{ filter: 'a', qos: 0 }]);
      await publish('a');
      await link.unsubscribe(['a', 'never/asked/for']);
      await publish('a');
      await publish('b');
      await inbox.until('b', (messages) => messages.some((one) => text(one) === 'b'));
      t.strictSame(
        inbox.messages.map((one) => `${text(one)} ${one.qos}`),
        ['a 1', 'a 2', 'a 0', 'b 1'],
      );
      await link.close();
      await t.rejects(link.unsubscribe(['b']), { code: 'closed' });
    },
  );
}
