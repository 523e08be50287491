import t from 'tap';
import { LINK_LIMITS } from '../../../hub/broker/limits.js';
import { Publishing } from '../../../hub/broker/publishing.js';
import type { OutgoingMessage } from '../../../hub/broker-link.js';
import { ACCEPTED, FakeWire } from './fake-wire.js';

const silent = { delivered() {}, released() {}, online() {}, offline() {}, refused() {} };

function message(text: string, qos: 0 | 1): OutgoingMessage {
  return { topic: text, payload: Buffer.from(text), qos, retain: false };
}

function topics(wire: FakeWire): string[] {
  return wire.sent.map(({ message }) => message.topic);
}

t.test('no more are in flight than the broker takes, and the rest follow in order', async (t) => {
  const wire = new FakeWire(silent);
  const publishing = new Publishing(wire);
  publishing.online({ ...ACCEPTED, receiveMaximum: 2 });
  const all = ['1', '2', '3', '4'].map((text) => publishing.publish(message(text, 1)));
  const last = publishing.publish(message('5', 0));
  t.strictSame(topics(wire), ['1', '2']);
  wire.settled(1);
  t.strictSame(topics(wire), ['1', '2', '3']);
  wire.settled(2);
  t.strictSame(topics(wire), ['1', '2', '3', '4', '5'], 'QoS 0 does not overtake');
  wire.settled(3);
  wire.settled(4);
  await Promise.all([...all, last]);
  await publishing.whenIdle();
});

t.test('what is published while offline leaves when the connection is back', async (t) => {
  const wire = new FakeWire(silent);
  const publishing = new Publishing(wire);
  const done = publishing.publish(message('a', 0));
  t.strictSame(topics(wire), []);
  publishing.online(ACCEPTED);
  await done;
  t.strictSame(topics(wire), ['a']);
});

t.test('a full socket holds messages back until it has drained', async (t) => {
  const wire = new FakeWire(silent);
  const publishing = new Publishing(wire);
  publishing.online(ACCEPTED);
  wire.backlog = LINK_LIMITS.socketBytes + 1;
  const done = publishing.publish(message('a', 0));
  t.strictSame(topics(wire), []);
  wire.drain();
  await done;
  t.strictSame(topics(wire), ['a']);
});

t.test('the queue is bounded in messages and in bytes', async (t) => {
  const publishing = new Publishing(new FakeWire(silent));
  const many = Array.from({ length: LINK_LIMITS.waiting }, () => publishing.publish(message('a', 0)));
  await t.rejects(publishing.publish(message('b', 0)), { code: 'overloaded' });
  publishing.close();
  await Promise.allSettled(many);

  const byBytes = new Publishing(new FakeWire(silent));
  const megabyte = { ...message('big', 1), payload: new Uint8Array(1024 * 1024) };
  const some = Array.from({ length: LINK_LIMITS.waitingBytes / megabyte.payload.length }, () =>
    byBytes.publish(megabyte),
  );
  await t.rejects(byBytes.publish(message('b', 0)), { code: 'overloaded' });
  byBytes.close();
  await Promise.allSettled(some);
});

t.test('messages at QoS 0 that wait leave room for those above', async (t) => {
  const publishing = new Publishing(new FakeWire(silent));
  const many = Array.from({ length: LINK_LIMITS.waiting }, () => publishing.publish(message('a', 0)));
  const kept = publishing.publish(message('b', 1));
  t.equal(publishing.size, LINK_LIMITS.waiting + 1);
  publishing.close();
  await t.rejects(kept, { code: 'closed' });
  await Promise.allSettled(many);
});

t.test('a message that ends the connection whenever it is sent alone is given up', async (t) => {
  const wire = new FakeWire(silent);
  const publishing = new Publishing(wire);
  publishing.online(ACCEPTED);
  const innocent = publishing.publish(message('innocent', 1));
  const deadly = publishing.publish(message('deadly', 1));
  publishing.offline(undefined);
  for (let i = 0; i < LINK_LIMITS.deadlyAttempts; i += 1) publishing.offline(2);
  await t.rejects(deadly, { code: 'publish-refused', message: /closed the connection each of the 2 times/ });
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(wire.forgotten, [2]);
  wire.settled(1);
  await innocent;
});

t.test('a lost connection alone gives nothing up', async (t) => {
  const wire = new FakeWire(silent);
  const publishing = new Publishing(wire);
  publishing.online(ACCEPTED);
  const done = publishing.publish(message('a', 1));
  for (let i = 0; i < 50; i += 1) publishing.offline(undefined);
  wire.settled(1);
  await done;
  t.strictSame(wire.forgotten, []);
});

t.test('a refusal by the broker says which message and why', async (t) => {
  const wire = new FakeWire(silent);
  const publishing = new Publishing(wire);
  publishing.online(ACCEPTED);
  const done = publishing.publish(message('a/b', 1));
  wire.settled(1, new Error('Publish error: Not authorized'));
  await t.rejects(done, { code: 'publish-refused', message: /"a\/b": Publish error: Not authorized/ });
});

t.test('closing answers everyone who waits', async (t) => {
  const publishing = new Publishing(new FakeWire(silent));
  publishing.online({ ...ACCEPTED, receiveMaximum: 1 });
  const all = [publishing.publish(message('a', 1)), publishing.publish(message('b', 1))];
  publishing.close();
  for (const one of all) await t.rejects(one, { code: 'closed' });
});
