import t from 'tap';
import { Acknowledgements } from '../../../hub/broker/acknowledgements.js';

t.test('a message that is done waits for those that came before it', async (t) => {
  const queue = new Acknowledgements();
  const [first, second, third] = [queue.take(7), queue.take(9), queue.take(8)];
  second.done = true;
  t.strictSame(queue.release(), []);
  first.done = true;
  t.strictSame(queue.release(), [7, 9]);
  third.done = true;
  t.strictSame(queue.release(), [8]);
});

t.test('each id is released once, in order, over many messages', async (t) => {
  const queue = new Acknowledgements();
  const released: number[] = [];
  for (let i = 0; i < 10_000; i += 1) {
    queue.take(i).done = true;
    if (i % 3 === 0) released.push(...queue.release());
  }
  released.push(...queue.release());
  t.strictSame(
    released,
    Array.from({ length: 10_000 }, (_, i) => i),
  );
  t.equal(queue.size, 0);
});
