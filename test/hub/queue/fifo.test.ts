import t from 'tap';
import { Fifo } from '../../../hub/queue/index.js';

t.test('what goes in first comes out first, however pushes and shifts are mixed', (t) => {
  const fifo = new Fifo<number>();
  const model: number[] = [];
  let seed = 1;
  for (let i = 0; i < 20_000; i++) {
    seed = (seed * 48_271) % 2_147_483_647;
    // Waves, so that it grows to some hundreds and empties again.
    if (seed % 100 < (Math.floor(i / 1_000) % 2 === 0 ? 65 : 35)) {
      fifo.push(i);
      model.push(i);
    } else if (fifo.first() !== model[0] || fifo.shift() !== model.shift()) t.fail(`wrong item at step ${i}`);
    if (fifo.length !== model.length) t.fail(`wrong length at step ${i}`);
  }
  t.equal(fifo.length, model.length);
  t.end();
});

t.test('an empty queue has nothing to give', (t) => {
  const fifo = new Fifo<number>();
  t.equal(fifo.shift(), undefined);
  t.equal(fifo.first(), undefined);
  fifo.push(1);
  fifo.shift();
  t.equal(fifo.shift(), undefined);
  t.equal(fifo.length, 0);
  t.end();
});
