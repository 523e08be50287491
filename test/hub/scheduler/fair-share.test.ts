import t from 'tap';
import { expectFuel, pickNext } from '../../../hub/scheduler/fair-share.js';

t.test('the most urgent goes first; among equals, who has used least', (t) => {
  t.equal(pickNext([]), undefined);
  const low = { priority: 1, usedFuel: 0 };
  const busy = { priority: 5, usedFuel: 100 };
  const idle = { priority: 5, usedFuel: 99 };
  t.equal(pickNext([low, busy, idle]), idle);
  t.equal(pickNext([busy, low]), busy);
  t.equal(pickNext([busy, { ...busy }]), busy, 'the earlier one wins a tie');
  t.end();
});

t.test('what a run is expected to use follows what runs use', (t) => {
  let expected = 0;
  for (let i = 0; i < 50; i++) expected = expectFuel(expected, 800);
  t.ok(Math.abs(expected - 800) < 2, `${expected}`);
  t.end();
});
