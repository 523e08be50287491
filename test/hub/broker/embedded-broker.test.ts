import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { connectBroker, EMBEDDED_LIMITS, startEmbeddedBroker, type LinkState } from '../../../hub/broker/index.js';
import { Inbox, text } from './inbox.js';

/** CONNECT in MQTT 3.1.1, clean session, no keepalive, client id "d". */
const CONNECT = Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x64]);

function publish(topic: Buffer, payload: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from([topic.length >> 8, topic.length & 0xff]), topic, payload]);
  const length: number[] = [];
  for (let rest = body.length; ;) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    length.push(rest > 0 ? low + 128 : low);
    if (rest === 0) break;
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), body]);
}

/** A device that speaks raw bytes, connected. */
async function device(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(CONNECT);
  await once(socket, 'data');
  return socket;
}

t.test('messages pass from one client to another, in MQTT 3.1.1', async (t) => {
  const broker = await startEmbeddedBroker();
  t.teardown(() => broker.close());
  const states: LinkState[] = [];
  const inbox = new Inbox();
  const link = await connectBroker(
    { url: broker.url, clientId: 'hub', onState: (state) => states.push(state) },
    (m) => {
      inbox.take(m);
      m.acknowledge();
    },
  );
  t.match(states, [{ kind: 'online', protocolVersion: 4 }]);
  await link.subscribe([{ filter: 'a/+', qos: 1 }]);
  const sent = Array.from({ length: 1_000 }, (_, i) => String(i));
  await Promise.all(sent.map((n) => link.publish({ topic: 'a/b', payload: Buffer.from(n), qos: 1, retain: false })));
  await inbox.until('1,000 messages', ({ length }) => length === sent.length);
  t.strictSame(inbox.messages.map(text), sent);
  await link.close();
});

t.test('until the hub is ready nobody else is answered, and what they send is not lost', async (t) => {
  let begin = (): void => undefined;
  const ready = new Promise<void>((resolve) => (begin = resolve));
  const broker = await startEmbeddedBroker({ ready });
  t.teardown(() => broker.close());
  const heard: Buffer[] = [];
  const early = connect(Number(new URL(broker.url).port), '127.0.0.1');
  early.on('data', (bytes: Buffer) => heard.push(bytes));
  early.write(Buffer.concat([CONNECT, publish(Buffer.from('a'), Buffer.from('early'))]));
  const inbox = new Inbox();
  const hub = await connectBroker({ url: broker.url, clientId: 'hub', protocolVersion: 4, ...broker.hub }, inbox.take);
  await hub.subscribe([{ filter: 'a', qos: 0 }]);
  t.same(heard, [], 'the hub came later, and is served');
  begin();
  await inbox.until('the message', ({ length }) => length === 1);
  t.strictSame(inbox.messages.map(text), ['early']);
  t.equal(heard[0]?.[0], 0x20, 'CONNACK');
  early.destroy();
  await hub.close();
});

t.test('closing ends also who waits to be answered', async (t) => {
  const broker = await startEmbeddedBroker({ ready: new Promise(() => undefined) });
  const early = connect(Number(new URL(broker.url).port), '127.0.0.1');
  early.write(CONNECT);
  await once(early, 'connect');
  const closed = new Promise<void>((resolve) => void early.once('close', () => resolve()));
  early.on('error', () => undefined).resume();
  await broker.close();
  await closed;
  t.equal(early.destroyed, true);
});

t.test('hostile devices are cut off, and the others go on', async (t) => {
  const faults: string[] = [];
  const broker = await startEmbeddedBroker({ onFault: ({ message }) => faults.push(message) });
  t.teardown(() => broker.close());
  const inbox = new Inbox();
  const hub = await connectBroker({ url: broker.url, clientId: 'hub', protocolVersion: 4 }, inbox.take);
  await hub.subscribe([{ filter: '#', qos: 0 }]);
  const cases: readonly [string, Buffer][] = [
    [
      'a topic of 200 levels',
      publish(Buffer.from(Array.from({ length: 200 }, () => 'x').join('/')), Buffer.from('deep')),
    ],
    ['a reserved topic', publish(Buffer.from('$SYS/broker/uptime'), Buffer.from('forged'))],
    ['U+0000 in a topic', publish(Buffer.from('a\0b'), Buffer.from('nul'))],
    ['a wildcard in a topic', publish(Buffer.from('a/#'), Buffer.from('wild'))],
    ['an empty topic', publish(Buffer.from(''), Buffer.from('empty'))],
    ['a second CONNECT', CONNECT],
    ['a packet of a type that does not exist', Buffer.from([0xff, 0x05, 1, 2, 3, 4, 5])],
    ['a packet that announces 200 MB', Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])],
    [
      'one byte more than a packet may have',
      Buffer.from(publish(Buffer.from('a'), Buffer.alloc(EMBEDDED_LIMITS.packetBytes)).subarray(0, 9)),
    ],
  ];
  for (const [name, bytes] of cases) {
    const socket = await device(broker.url);
    const closed = once(socket, 'close');
    socket.write(bytes);
    await closed;
    t.pass(name);
  }
  const good = await device(broker.url);
  good.write(publish(Buffer.from('still/here'), Buffer.from([0xff, 0xfe, 0x00])));
  good.write(publish(Buffer.from([0x6e, 0xff, 0xfe]), Buffer.from('a topic that is not UTF-8')));
  good.write(publish(Buffer.from('big'), Buffer.alloc(1024 * 1024)));
  await inbox.until('the last good message', (messages) => messages.some(({ topic }) => topic === 'big'));
  const topics = inbox.messages.map(({ topic }) => topic);
  t.strictSame(topics, ['still/here', 'n\ufffd\ufffd', 'big']);
  t.not(faults.length, 0);
  good.destroy();
  await hub.close();
});

t.test('a shared subscription is refused rather than left without messages', async (t) => {
  const broker = await startEmbeddedBroker();
  t.teardown(() => broker.close());
  const link = await connectBroker({ url: broker.url, clientId: 'hub' }, () => undefined);
  await t.rejects(link.subscribe([{ filter: '$share/group/a', qos: 1 }]), { code: 'subscribe-refused' });
  await link.close();
});

t.test('it does not listen beyond this machine unless told to', async (t) => {
  await t.rejects(startEmbeddedBroker({ host: '0.0.0.0' }), { code: 'listen', message: /asks for no password/ });
  const open = await startEmbeddedBroker({ host: '0.0.0.0', beyondLoopback: true });
  t.match(open.url, /^mqtt:\/\/127\.0\.0\.1:\d+$/);
  await open.close();
});

t.test('a port in use is said to be in use', async (t) => {
  const broker = await startEmbeddedBroker();
  t.teardown(() => broker.close());
  const port = Number(new URL(broker.url).port);
  await t.rejects(startEmbeddedBroker({ port }), { code: 'listen', message: /another program listens there/ });
});

t.test('closing disconnects everyone and is idempotent', async (t) => {
  const broker = await startEmbeddedBroker();
  const socket = await device(broker.url);
  const closed = once(socket, 'close');
  socket.resume();
  await Promise.all([broker.close(), broker.close()]);
  await closed;
  t.equal(socket.destroyed, true);
});
