/** When silence is taken for a dead link. */
import t from 'tap';
import { beginHearing, deadAtMs, hear, PROTOCOL_TIMES, type Hearing } from '../../../provider/protocol/index.js';

const { heartbeatMs, leaseMs } = PROTOCOL_TIMES;

function after(pausesMs: readonly number[]): Hearing {
  return pausesMs.reduce<Hearing>((known, pause) => hear(known, known.lastMs + pause, PROTOCOL_TIMES), beginHearing(0));
}

function waitMs(known: Hearing): number {
  return deadAtMs(known, PROTOCOL_TIMES) - known.lastMs;
}

function pauses(count: number, of: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => of(index));
}

t.test('a link of which nothing is known has the whole lease', (t) => {
  t.equal(waitMs(beginHearing(7)), leaseMs);
  t.equal(waitMs(after(pauses(3, () => heartbeatMs))), leaseMs);
  t.end();
});

t.test('a regular link is dead after three beats', (t) => {
  t.equal(waitMs(after(pauses(10, () => heartbeatMs))), 3 * heartbeatMs);
  t.end();
});

t.test('much that is said between two beats does not make a late beat a dead link', (t) => {
  const known = after(pauses(500, (index) => (index % 50 === 0 ? heartbeatMs : 3)));
  t.equal(waitMs(known), 3 * heartbeatMs);
  t.end();
});

t.test('a slow link has longer, and never more than the lease', (t) => {
  const slow = waitMs(after(pauses(20, (index) => heartbeatMs * (index % 2 === 0 ? 1 : 2.2))));
  t.ok(slow > 3 * heartbeatMs && slow < leaseMs, `${slow} ms`);
  t.equal(waitMs(after(pauses(20, (index) => heartbeatMs * (index % 2 === 0 ? 1 : 9)))), leaseMs);
  t.end();
});

t.test('a link that was slow and is regular again is soon known as that', (t) => {
  const before = pauses(40, (index) => heartbeatMs * (1 + (index % 3)));
  t.equal(waitMs(after([...before, ...pauses(32, () => heartbeatMs)])), 3 * heartbeatMs);
  t.end();
});

t.test('what was heard is counted from its moment on', (t) => {
  const known = hear(after(pauses(10, () => heartbeatMs)), 12_345, PROTOCOL_TIMES);
  t.equal(known.lastMs, 12_345);
  t.ok(deadAtMs(known, PROTOCOL_TIMES) > 12_345);
  t.end();
});
