import t from 'tap';
import { RUNTIME_BOUNDS } from '../../../runtime/limits.js';
import type { Ticket } from '../../../runtime/pool/ticket.js';
import { threadOf, Waiting } from '../../../runtime/pool/waiting.js';
import { relayRun } from '../../bench/relay.js';

function ticket(runId: string, isolationKey?: string, payloadBytes = 10): Ticket {
  const request = relayRun('task', 1);
  const event = { ...request.event, payload: new Uint8Array(payloadBytes) };
  return {
    request: { ...request, runId, isolationKey, event },
    signal: undefined,
    resolve: () => undefined,
    losses: 0,
    cancelled: false,
    place: undefined,
  };
}

const ids = (tickets: readonly Ticket[]): string[] => tickets.map(({ request }) => request.runId);

/** A key that belongs to a thread, of two. */
const keyOf = (thread: number): string => {
  for (let i = 0; ; i++) if (threadOf(`key ${i}`, 2) === thread) return `key ${i}`;
};

t.test('runs are taken in the order in which they came, as many as a thread may have', (t) => {
  const waiting = new Waiting(2);
  for (const id of ['a', 'b', 'c', 'd']) waiting.push(ticket(id));
  t.strictSame(ids(waiting.take(0, 3)), ['a', 'b', 'c']);
  t.equal(waiting.length, 1);
  waiting.giveBack([ticket('b'), ticket('c')]);
  t.strictSame(ids(waiting.take(1, 9)), ['b', 'c', 'd']);
  t.strictSame([waiting.length, ids(waiting.take(1, 9))], [0, []]);
  t.end();
});

t.test('a run of a key goes to the thread of its key only', (t) => {
  const waiting = new Waiting(2);
  waiting.push(ticket('first', keyOf(1)));
  waiting.push(ticket('any'));
  waiting.push(ticket('second', keyOf(1)));
  t.strictSame(ids(waiting.take(0, 9)), ['any']);
  t.strictSame([waiting.length, ids(waiting.take(0, 9))], [2, []]);
  t.strictSame(ids(waiting.take(1, 1)), ['first']);
  waiting.giveBack([ticket('first', keyOf(1))]);
  t.strictSame(ids(waiting.take(1, 9)), ['first', 'second']);
  waiting.push(ticket('left', keyOf(0)));
  waiting.push(ticket('over'));
  t.strictSame([ids(waiting.drain()), waiting.length], [['left', 'over'], 0]);
  t.end();
});

t.test('neither runs of keys nor others keep the rest waiting for ever', (t) => {
  const waiting = new Waiting(1);
  for (let i = 0; i < 10; i++) {
    waiting.push(ticket(`key ${i}`, 'key'));
    waiting.push(ticket(`any ${i}`));
  }
  t.strictSame(ids(waiting.take(0, 4)), ['key 0', 'key 1', 'any 0', 'any 1']);
  t.equal(waiting.take(0, 1).length, 1);
  t.equal(waiting.take(0, 99).length, 15);
  t.end();
});

t.test('a message is bounded in bytes, unless one run needs more', (t) => {
  const waiting = new Waiting(1);
  const half = RUNTIME_BOUNDS.batchBytes / 2;
  for (const [id, bytes] of [
    ['a', half],
    ['b', half],
    ['c', 1],
    ['d', half * 3],
    ['e', 1],
  ] as const) {
    waiting.push(ticket(id, undefined, bytes));
  }
  t.strictSame(ids(waiting.take(0, 9)), ['a', 'b']);
  t.strictSame(ids(waiting.take(0, 9)), ['c']);
  t.strictSame(ids(waiting.take(0, 9)), ['d']);
  t.strictSame(ids(waiting.take(0, 9)), ['e']);
  t.end();
});

t.test('keys are spread over all threads', (t) => {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 1_000; i++) {
    const thread = threadOf(`task/room ${i}`, 4);
    counts[thread] = (counts[thread] ?? 0) + 1;
  }
  for (const count of counts) t.ok(count > 150, String(counts));
  t.equal(threadOf('anything', 1), 0);
  t.end();
});
