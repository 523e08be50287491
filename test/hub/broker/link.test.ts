import t from 'tap';
import { connectBroker, type LinkState, type OpenWire } from '../../../hub/broker/link.js';
import type { IncomingMessage } from '../../../hub/broker-link.js';
import { FakeWire } from './fake-wire.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function connected(): Promise<{
  link: Awaited<ReturnType<typeof connectBroker>>;
  wire: FakeWire;
  got: IncomingMessage[];
}> {
  const wires: FakeWire[] = [];
  const got: IncomingMessage[] = [];
  const open: OpenWire = (_options, events) => {
    const wire = new FakeWire(events);
    wires.push(wire);
    setImmediate(() => wire.online());
    return wire;
  };
  const link = await connectBroker(
    { url: 'mqtt://x', clientId: 'hub', now: () => 42 },
    (message) => void got.push(message),
    open,
  );
  const [wire] = wires;
  if (wire === undefined) throw new Error('no wire was opened');
  return { link, wire, got };
}

t.test('acknowledgements leave in order of arrival, in one go per turn', async (t) => {
  const { wire, got, link } = await connected();
  for (const id of [5, 6, 7]) wire.deliver(id);
  got[1]?.acknowledge();
  await turn();
  t.strictSame(wire.acknowledged, []);
  got[2]?.acknowledge();
  got[0]?.acknowledge();
  await turn();
  t.strictSame(wire.acknowledged, [[5, 6, 7]]);
  await link.close();
});

t.test('a message of an older connection is never acknowledged on a newer one', async (t) => {
  const { wire, got, link } = await connected();
  wire.deliver(5);
  wire.events.offline(undefined, undefined);
  wire.online({ sessionPresent: true });
  got[0]?.acknowledge();
  wire.deliver(5, { dup: true });
  got[0]?.acknowledge();
  await turn();
  t.strictSame(wire.acknowledged, []);
  got[1]?.acknowledge();
  await turn();
  t.strictSame(wire.acknowledged, [[5]]);
  await link.close();
});

t.test('a message at QoS 0 has nothing to acknowledge', async (t) => {
  const { wire, got, link } = await connected();
  wire.deliver(0, { qos: 0, messageId: undefined });
  got[0]?.acknowledge();
  await turn();
  t.strictSame(wire.acknowledged, []);
  t.equal(got[0]?.receivedAtMs, 42);
  await link.close();
});

t.test('filters are asked for again when the session was lost, and only then', async (t) => {
  const { wire, link } = await connected();
  await link.subscribe([{ filter: 'a', qos: 1 }]);
  wire.events.offline(undefined, undefined);
  wire.online({ sessionPresent: true });
  await turn();
  t.strictSame(wire.asked, [['a']]);
  wire.events.offline(undefined, undefined);
  wire.online({ sessionPresent: false });
  await turn();
  t.strictSame(wire.asked, [['a'], ['a']]);
  await link.close();
});

t.test('a SUBSCRIBE whose answer was lost is repeated, though the session is there', async (t) => {
  const { wire, link } = await connected();
  wire.answer = () => Promise.reject(new Error('Connection closed'));
  const subscribed = link.subscribe([{ filter: 'a', qos: 1 }]);
  await turn();
  wire.answer = (subscriptions) => Promise.resolve(subscriptions.map(() => 1));
  wire.events.offline(undefined, undefined);
  wire.online({ sessionPresent: true });
  await subscribed;
  t.strictSame(wire.asked, [['a'], ['a']]);
  await link.close();
});

t.test('a refused filter is named, and the others are granted', async (t) => {
  const { wire, link } = await connected();
  wire.answer = () => Promise.resolve([1, 135]);
  const subscribed = link.subscribe([
    { filter: 'a', qos: 1 },
    { filter: 'secret/#', qos: 1 },
  ]);
  await t.rejects(subscribed, { code: 'subscribe-refused', message: /"secret\/#".*135/ });
  wire.events.offline(undefined, undefined);
  wire.online({ sessionPresent: false });
  await turn();
  t.strictSame(wire.asked.at(-1), ['a']);
  await link.close();
});

t.test('a broker that does not speak MQTT 5 is spoken to in 3.1.1', async (t) => {
  const versions: number[] = [];
  const states: LinkState[] = [];
  const link = await connectBroker(
    { url: 'mqtt://x', clientId: 'hub', onState: (state) => states.push(state) },
    () => undefined,
    (options, events) => {
      versions.push(options.protocolVersion);
      const wire = new FakeWire(events);
      setImmediate(() => {
        if (options.protocolVersion === 5)
          events.refused(1, new Error('Connection refused: Unacceptable protocol version'));
        else wire.online({ protocolVersion: 4 });
      });
      return wire;
    },
  );
  t.strictSame(versions, [5, 4]);
  t.match(states, [{ kind: 'online', protocolVersion: 4 }]);
  await link.close();
});

t.test('bad credentials are told at once, a silent broker after the time allowed', async (t) => {
  const refusing: OpenWire = (_options, events) => {
    setImmediate(() => events.refused(135, new Error('Connection refused: Not authorized')));
    return new FakeWire(events);
  };
  await t.rejects(
    connectBroker({ url: 'mqtt://u:secret@x', clientId: 'hub' }, () => undefined, refusing),
    {
      code: 'connection-refused',
      message: 'the broker at mqtt://x answered: Connection refused: Not authorized',
    },
  );
  const silent: OpenWire = (_options, events) => {
    setImmediate(() => events.offline(new Error('connect ECONNREFUSED'), undefined));
    return new FakeWire(events);
  };
  await t.rejects(
    connectBroker({ url: 'mqtt://x', clientId: 'hub', firstConnectMs: 10 }, () => undefined, silent),
    {
      code: 'unreachable',
      message: 'no MQTT broker at mqtt://x: connect ECONNREFUSED',
    },
  );
  const giveUp = new AbortController();
  const endless = { url: 'mqtt://x', clientId: 'hub', firstConnectMs: Infinity, signal: giveUp.signal };
  const waiting = t.rejects(
    connectBroker(endless, () => undefined, silent),
    { code: 'closed' },
  );
  setImmediate(() => giveUp.abort());
  await waiting;
  await t.rejects(
    connectBroker({ url: 'x:1883', clientId: 'hub' }, () => undefined),
    { code: 'unreachable' },
  );
});

t.test('a closed link takes nothing more, and closing twice is closing once', async (t) => {
  const { link } = await connected();
  await Promise.all([link.close(), link.close()]);
  await t.rejects(link.publish({ topic: 'a', payload: new Uint8Array(), qos: 0, retain: false }), { code: 'closed' });
  await t.rejects(link.subscribe([{ filter: 'a', qos: 0 }]), { code: 'closed' });
});
