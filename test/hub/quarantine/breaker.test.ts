import t from 'tap';
import { CLOSED, step, type Breaker, type BreakerInput } from '../../../hub/quarantine/breaker.js';

const POLICY = { failures: 3, coolDownMs: 100, maxCoolDownMs: 350 };

const ended = (how: 'completed' | 'given-up' | 'cancelled', probe = false): BreakerInput => ({
  kind: 'ended',
  how,
  probe,
  atMs: 1_000,
});
const after = (from: Breaker, ...inputs: readonly BreakerInput[]): Breaker =>
  inputs.reduce((breaker, input) => step(breaker, input, POLICY), from);

const LOST = ended('given-up');
const COOLED: BreakerInput = { kind: 'cooled' };
const OPEN = after(CLOSED, LOST, LOST, LOST);
const HALF_OPEN = after(OPEN, COOLED);

t.test('it opens after so many runs given up in a row, and not before', (t) => {
  t.match(after(CLOSED, LOST, LOST), { state: 'closed', failures: 2 });
  t.same(OPEN, { state: 'open', failures: 3, trips: 1, untilMs: 1_100 });
  t.same(after(CLOSED, LOST, LOST, ended('completed')), CLOSED, 'one that completes begins the row anew');
  t.match(after(CLOSED, LOST, ended('cancelled'), LOST), { failures: 2 }, 'one that was cancelled says nothing');
  t.end();
});

t.test('with failures = 0 it never opens, and counts nothing', (t) => {
  t.equal(step(CLOSED, LOST, { ...POLICY, failures: 0 }), CLOSED);
  t.end();
});

t.test('while it is open, runs that had begun before decide nothing', (t) => {
  for (const input of [LOST, ended('completed'), ended('cancelled')]) t.equal(after(OPEN, input), OPEN);
  for (const input of [LOST, ended('completed')]) t.equal(after(HALF_OPEN, input), HALF_OPEN);
  t.end();
});

t.test('after the cool-down the probe decides', (t) => {
  t.equal(HALF_OPEN.state, 'half-open');
  t.same(after(HALF_OPEN, ended('completed', true)), CLOSED);
  t.match(after(HALF_OPEN, ended('given-up', true)), { state: 'open', trips: 2, untilMs: 1_200 });
  t.equal(after(HALF_OPEN, ended('cancelled', true)), HALF_OPEN, 'another probe follows');
  t.end();
});

t.test('the cool-down doubles each time, up to its bound, and begins anew once a run completed', (t) => {
  const waits: number[] = [];
  let breaker = OPEN;
  for (let i = 0; i < 5; i++) {
    waits.push(breaker.untilMs - 1_000);
    breaker = after(breaker, COOLED, ended('given-up', true));
  }
  t.same(waits, [100, 200, 350, 350, 350]);
  t.match(after(breaker, COOLED, ended('completed', true), LOST, LOST, LOST), { trips: 1, untilMs: 1_100 });
  t.end();
});

t.test('it is released by hand from every state, and a late cool-down changes nothing', (t) => {
  for (const from of [CLOSED, OPEN, HALF_OPEN]) t.same(after(from, { kind: 'released' }), CLOSED);
  t.equal(after(CLOSED, COOLED), CLOSED);
  t.end();
});
