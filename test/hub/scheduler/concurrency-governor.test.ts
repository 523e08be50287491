import t from 'tap';
import { ConcurrencyGovernor } from '../../../hub/scheduler/concurrency-governor.js';

t.test('runs that never collide are never held back', (t) => {
  const governor = new ConcurrencyGovernor(Infinity);
  for (let i = 0; i < 100; i++) t.equal(governor.succeeded(), Infinity);
  t.end();
});

t.test('a collision halves what runs, down to one', (t) => {
  const governor = new ConcurrencyGovernor(Infinity);
  t.equal(governor.collided(9), 4);
  t.equal(governor.collided(9), 2);
  t.equal(governor.collided(9), 1);
  t.equal(governor.collided(9), 1);
  t.end();
});

t.test('successes bring it back, one by one, up to the most allowed', (t) => {
  const governor = new ConcurrencyGovernor(3);
  governor.collided(2);
  t.equal(governor.allowed, 1);
  t.equal(governor.succeeded(), 2);
  t.equal(governor.succeeded(), 2);
  t.equal(governor.succeeded(), 3);
  t.equal(governor.succeeded(), 3);
  t.equal(governor.succeeded(), 3, 'not above');
  t.end();
});
