import t from 'tap';
import { Deliveries } from '../../../hub/intake/deliveries.js';
import type { IncomingMessage } from '../../../hub/broker-link.js';
import { STORE_BOUNDS } from '../../../hub/store/limits.js';

interface Came extends IncomingMessage {
  acknowledged: number;
}

function came(id: number, connection: object, payload: string, dup = false): Came {
  const message: Came = {
    topic: 't',
    payload: Buffer.from(payload),
    qos: 1,
    retain: false,
    dup,
    receivedAtMs: 0,
    packet: { id, connection },
    acknowledged: 0,
    acknowledge: () => void message.acknowledged++,
  };
  return message;
}

t.test('a message that comes again is recognised, and acknowledged once it is on disk', (t) => {
  const [first, second] = [{}, {}];
  const deliveries = new Deliveries([]);
  const message = came(7, first, 'x');
  t.notOk(deliveries.repeats(message));
  const taken = deliveries.take(message);
  const again = came(7, second, 'x', true);
  t.ok(deliveries.repeats(again));
  t.equal(again.acknowledged, 0, 'it is not on disk yet');
  taken?.durable();
  t.equal(again.acknowledged, 1, 'on the connection that it came by last');
  t.equal(message.acknowledged, 0);
  const third = came(7, second, 'x', true);
  t.ok(deliveries.repeats(third));
  t.equal(third.acknowledged, 1, 'at once, as it is on disk');
  t.end();
});

t.test('what an earlier hub stored is recognised', (t) => {
  const before = new Deliveries([]);
  const delivery = before.take(came(3, {}, 'x'))?.delivery;
  const deliveries = new Deliveries(delivery === undefined ? [] : [delivery]);
  const again = came(3, {}, 'x', true);
  t.ok(deliveries.repeats(again));
  t.equal(again.acknowledged, 1);
  t.notOk(deliveries.repeats(came(4, {}, 'x', true)), 'another id');
  t.notOk(deliveries.repeats(came(3, {}, 'y', true)), 'another payload');
  t.end();
});

t.test('an id that the broker gives to a new message no longer means the old one', (t) => {
  const connection = {};
  const deliveries = new Deliveries([]);
  deliveries.take(came(1, connection, 'old'));
  const next = came(1, connection, 'new');
  t.notOk(deliveries.repeats(next));
  deliveries.take(next);
  t.notOk(deliveries.repeats(came(1, {}, 'old', true)));
  t.ok(deliveries.repeats(came(1, {}, 'new', true)));
  t.end();
});

t.test('with the first new message on a connection, what was not repeated on it is forgotten', (t) => {
  const [first, second, third] = [{}, {}, {}];
  const deliveries = new Deliveries([]);
  for (const id of [1, 2]) deliveries.take(came(id, first, 'x'));
  t.ok(deliveries.repeats(came(2, second, 'x', true)));
  t.notOk(deliveries.repeats(came(3, second, 'x')));
  t.notOk(deliveries.repeats(came(1, third, 'x', true)), 'the broker was done with it: this is another message');
  t.ok(deliveries.repeats(came(2, third, 'x', true)));
  t.end();
});

t.test('an id that the broker has released means another message from then on', (t) => {
  const deliveries = new Deliveries([]);
  for (const id of [1, 2]) deliveries.take(came(id, {}, 'x'));
  deliveries.released(1);
  t.notOk(deliveries.repeats(came(1, {}, 'x', true)));
  t.ok(deliveries.repeats(came(2, {}, 'x', true)));
  t.end();
});

t.test('no more are remembered than the bound says', (t) => {
  const connection = {};
  const deliveries = new Deliveries([]);
  for (let id = 1; id <= STORE_BOUNDS.deliveries + 1; id++) deliveries.take(came(id, connection, 'x'));
  t.notOk(deliveries.repeats(came(1, connection, 'x', true)));
  t.ok(deliveries.repeats(came(2, connection, 'x', true)));
  t.end();
});

t.test('a message at QoS 0 is never a repetition', (t) => {
  const deliveries = new Deliveries([]);
  const { packet: _, ...message } = came(1, {}, 'x');
  t.notOk(deliveries.repeats(message));
  t.equal(deliveries.take(message), undefined);
  t.end();
});
