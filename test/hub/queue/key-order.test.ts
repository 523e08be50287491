import t from 'tap';
import { KeyOrder } from '../../../hub/queue/index.js';

t.test('of each key one item is let through at a time, in order', (t) => {
  const order = new KeyOrder<string>();
  t.equal(order.enter('a', 'a1'), true);
  t.equal(order.enter('b', 'b1'), true, 'another key is not held up');
  t.equal(order.enter('a', 'a2'), false);
  t.equal(order.enter('a', 'a3'), false);
  t.equal(order.leave('a'), 'a2');
  t.equal(order.enter('a', 'a4'), false, 'a2 holds the key now');
  t.equal(order.leave('a'), 'a3');
  t.equal(order.leave('a'), 'a4');
  t.equal(order.leave('a'), undefined);
  t.equal(order.enter('a', 'a5'), true);
  t.end();
});

t.test('the empty text is a key like any other', (t) => {
  const order = new KeyOrder<number>();
  t.equal(order.enter('', 1), true);
  t.equal(order.enter('', 2), false);
  t.equal(order.leave(''), 2);
  t.end();
});
