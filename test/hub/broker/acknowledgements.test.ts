import t from 'tap';
import { Acknowledgements } from '../../../hub/broker/acknowledgements.js';

t.test('a message that is done waits for those that came before it', async (t) => {
  const queue = new Acknowledgements();
  const [first, second, third] = [queue.take(7, 1), queue.take(9, 2), queue.take(8, 1)];
  second.done = true;
  t.strictSame(queue.release(), []);
  first.done = true;
  t.match(queue.release(), [
    { messageId: 7, qos: 1 },
    { messageId: 9, qos: 2 },
  ]);
  third.done = true;
  t.match(queue.release(), [{ messageId: 8 }]);
});

t.test('each id is released once, in order, over many messages', async (t) => {
  const queue = new Acknowledgements();
  const released: number[] = [];
  for (let i = 0; i < 10_000; i += 1) {
    queue.take(i, 1).done = true;
    if (i % 3 === 0) released.push(...queue.release().map(({ messageId }) => messageId));
  }
  released.push(...queue.release().map(({ messageId }) => messageId));
  t.strictSame(
    released,
    Array.from({ length: 10_000 }, (_, i) => i),
  );
  t.equal(queue.size, 0);
});
