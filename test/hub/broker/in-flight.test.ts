import t from 'tap';
import { InFlight, LARGEST_MESSAGE_ID } from '../../../hub/broker/in-flight.js';
import type { OutgoingMessage } from '../../../hub/broker-link.js';

/** What was sent, as "topic", "topic again", "release id". */
class Sent {
  readonly lines: string[] = [];
  readonly inFlight = new InFlight({
    publish: ({ topic }, _id, repeated) => this.lines.push(repeated ? `${topic} again` : topic),
    release: (id) => this.lines.push(`release ${id}`),
  });
  readonly settled: string[] = [];

  send(topic: string, qos: 1 | 2 = 1): number {
    const message: OutgoingMessage = { topic, payload: new Uint8Array(), qos, retain: false };
    return this.inFlight.send(message, (error) => this.settled.push(error === undefined ? topic : `${topic} refused`));
  }

  /** What was sent since the last time. */
  taken(): string[] {
    return this.lines.splice(0);
  }
}

t.test('what was not answered is sent again, in order, marked as repeated', (t) => {
  const sent = new Sent();
  sent.inFlight.online(false, 100);
  const [, b] = [sent.send('a'), sent.send('b'), sent.send('c')];
  sent.inFlight.answered(b, 'puback', undefined);
  sent.inFlight.offline();
  sent.inFlight.online(true, 100);
  sent.send('d');
  t.same(sent.taken(), ['a', 'b', 'c', 'a again', 'c again', 'd']);
  t.same(sent.settled, ['b']);
  t.end();
});

t.test('a broker that forgot the session is sent them as if for the first time', (t) => {
  const sent = new Sent();
  sent.inFlight.online(true, 100);
  sent.send('a');
  sent.inFlight.offline();
  sent.inFlight.online(false, 100);
  t.same(sent.taken(), ['a', 'a']);
  t.end();
});

t.test('no more are unanswered than the broker takes, also after a reconnect', (t) => {
  const sent = new Sent();
  sent.inFlight.online(true, 2);
  const ids = ['a', 'b', 'c'].map((topic) => sent.send(topic));
  t.same(sent.taken(), ['a', 'b']);
  sent.inFlight.offline();
  sent.inFlight.online(true, 2);
  t.same(sent.taken(), ['a again', 'b again']);
  sent.inFlight.answered(ids[0] ?? 0, 'puback', undefined);
  t.same(sent.taken(), ['c'], 'which the broker has never seen');
  t.end();
});

t.test('a message that ends each connection is told, and the others are not', (t) => {
  const sent = new Sent();
  const { inFlight } = sent;
  inFlight.online(true, 100);
  const ids = ['a', 'deadly', 'c'].map((topic) => sent.send(topic));
  t.equal(inFlight.offline(), undefined, 'sent for the first time: it may be any of them');
  inFlight.online(true, 100);
  t.equal(inFlight.offline(), undefined, 'sent with others: it may be any of them');
  t.equal(inFlight.offline(), undefined, 'an attempt at a connection');
  sent.taken();
  inFlight.online(true, 100);
  t.same(sent.taken(), ['a again']);
  sent.send('new');
  t.same(sent.taken(), [], 'nothing new goes beside the one that is tried');
  inFlight.answered(ids[0] ?? 0, 'puback', undefined);
  t.same(sent.taken(), ['deadly again']);
  t.equal(inFlight.offline(), ids[1]);
  inFlight.forget(ids[1] ?? 0);
  inFlight.online(true, 100);
  t.same(sent.taken(), ['c again']);
  inFlight.answered(ids[2] ?? 0, 'puback', undefined);
  t.same(sent.taken(), ['new'], 'and then all go at once');
  t.same(sent.settled, ['a', 'c']);
  t.end();
});

t.test('at QoS 2 the second half follows the first, and is what is repeated', (t) => {
  const sent = new Sent();
  const { inFlight } = sent;
  inFlight.online(false, 100);
  const id = sent.send('a', 2);
  inFlight.answered(id, 'puback', undefined);
  inFlight.answered(id, 'pubrec', undefined);
  t.same(sent.taken(), ['a', `release ${id}`]);
  inFlight.offline();
  inFlight.online(true, 100);
  t.same(sent.taken(), [`release ${id}`]);
  t.same(sent.settled, []);
  inFlight.answered(id, 'pubcomp', undefined);
  t.same(sent.settled, ['a']);
  t.end();
});

t.test('at QoS 2 a broker that took it and forgot the session is sent it anew', (t) => {
  const sent = new Sent();
  sent.inFlight.online(false, 100);
  const id = sent.send('a', 2);
  sent.inFlight.answered(id, 'pubrec', undefined);
  sent.inFlight.offline();
  sent.inFlight.online(false, 100);
  t.same(sent.taken(), ['a', `release ${id}`, 'a']);
  t.same(sent.settled, []);
  sent.inFlight.answered(id, 'pubrec', undefined);
  sent.inFlight.answered(id, 'pubcomp', undefined);
  t.same(sent.settled, ['a']);
  t.end();
});

t.test('at QoS 2 an id that an earlier process may have left taken is freed first, once', (t) => {
  const sent = new Sent();
  sent.inFlight.online(true, 100);
  sent.send('at QoS 1');
  const id = sent.send('a', 2);
  t.same(sent.taken(), ['at QoS 1', `release ${id}`, 'a']);
  sent.inFlight.answered(id, 'pubcomp', new Error('packet identifier not found'));
  t.same(sent.settled, [], 'which the broker may say of it is not about the message');
  sent.inFlight.answered(id, 'pubrec', undefined);
  sent.inFlight.answered(id, 'pubcomp', undefined);
  t.same(sent.settled, ['a']);
  t.same(sent.taken(), [`release ${id}`]);
  const other = sent.send('b', 2);
  t.same(sent.taken(), [`release ${other}`, 'b']);
  sent.inFlight.offline();
  sent.inFlight.online(true, 100);
  t.same(sent.taken(), ['at QoS 1 again', 'b again'], 'it is its own now');
  sent.inFlight.offline();
  sent.inFlight.online(false, 100);
  sent.taken();
  sent.send('c', 2);
  t.same(sent.taken(), [], 'one at a time');
  t.end();
});

t.test('a refusal ends the message, at QoS 2 in the first half', (t) => {
  const sent = new Sent();
  sent.inFlight.online(true, 100);
  sent.inFlight.answered(sent.send('a', 1), 'puback', new Error('no'));
  sent.inFlight.answered(sent.send('b', 2), 'pubrec', new Error('no'));
  t.same(sent.settled, ['a refused', 'b refused']);
  t.end();
});

t.test('an id that is in flight is not given again', (t) => {
  const sent = new Sent();
  sent.inFlight.online(true, 10);
  const stays = sent.send('stays');
  const seen = new Set<number>();
  for (let i = 0; i < LARGEST_MESSAGE_ID; i++) {
    const id = sent.send('x');
    if (id === stays || id > LARGEST_MESSAGE_ID) t.fail(`given again, or too large: ${id}`);
    seen.add(id);
    sent.inFlight.answered(id, 'puback', undefined);
  }
  t.equal(seen.size, LARGEST_MESSAGE_ID - 1);
  t.end();
});
