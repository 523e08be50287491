import t from 'tap';
import { Random } from '../../../runtime/worker/random.js';

const draw = (seed: number, count = 20): number[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.u32());
};

t.test('a seed gives the same numbers each time', (t) => {
  t.strictSame(draw(42), draw(42));
  t.strictSame(new Random(42).bytes(33), new Random(42).bytes(33));
  t.equal(new Random(42).u64(), new Random(42).u64());
  t.end();
});

t.test('each bit of a seed makes other numbers, up to 2^53', (t) => {
  const seeds = [0, ...Array.from({ length: 53 }, (_, bit) => 2 ** bit), 2 ** 53 - 1];
  const firsts = seeds.map((seed) => draw(seed, 4).join(' '));
  t.equal(new Set(firsts).size, seeds.length);
  t.end();
});

t.test('numbers have 32 and 64 bits, all of which are used', (t) => {
  let [or, and] = [0n, 2n ** 64n - 1n];
  const random = new Random(1);
  for (let i = 0; i < 200; i++) {
    const number = random.u64();
    t.ok(number >= 0n && number < 2n ** 64n);
    or |= number;
    and &= number;
  }
  t.strictSame([or, and], [2n ** 64n - 1n, 0n]);
  for (const number of draw(3, 200)) t.ok(Number.isInteger(number) && number >= 0 && number < 2 ** 32);
  t.end();
});

t.test('bytes are as many as asked for and spread evenly', (t) => {
  for (const count of [0, 1, 3, 4, 5, 1_000]) t.equal(new Random(9).bytes(count).length, count);
  const counts = new Uint32Array(256);
  for (const byte of new Random(9).bytes(256_000)) counts[byte] = (counts[byte] ?? 0) + 1;
  // A thousand expected each, with a standard deviation of 32: six of them.
  for (const [byte, count] of counts.entries()) if (count < 800 || count > 1_200) t.fail(`${byte}: ${count}`);
  t.end();
});
