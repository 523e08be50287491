import t from 'tap';
import { firstResult, type FirstResult } from '../../../hub/placement/first-result.js';
import { PLACEMENT_BOUNDS } from '../../../hub/placement/limits.js';
import type { RunResult } from '../../../runtime/index.js';
import { until } from '../../runtime/eventually.js';
import { virtualTimer, type VirtualTimer } from '../virtual-timer.js';

const LATE_MS = 5_000;
const RESULT = { runId: 'e/a', outcome: { kind: 'completed' } } as RunResult;

interface Side<Answer> {
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

interface Scene {
  readonly timer: VirtualTimer;
  readonly first: Promise<FirstResult<string>>;
  readonly there: Side<string>;
  /** Undefined before it is executed here. */
  readonly here: () => Side<RunResult> | undefined;
}

function scene(mayBeHere = (): boolean => true, signal?: AbortSignal): Scene {
  const timer = virtualTimer();
  const sides: { there?: Side<string>; here?: Side<RunResult> } = {};
  const first = firstResult<string>({
    there: (ends) => new Promise((resolve, reject) => (sides.there = { signal: ends, resolve, reject })),
    here: (ends) => new Promise((resolve, reject) => (sides.here = { signal: ends, resolve, reject })),
    mayBeHere,
    lateMs: LATE_MS,
    timer,
    signal,
  });
  if (sides.there === undefined) throw new Error('it has not begun there');
  return { timer, first, there: sides.there, here: () => sides.here };
}

t.test('an answer in time is all there is', async (t) => {
  const { timer, first, there, here } = scene();
  timer.pass(LATE_MS - 1);
  there.resolve('answer');
  t.strictSame(await first, { side: 'there', answer: 'answer' });
  timer.pass(10 * LATE_MS);
  t.equal(here(), undefined);
  t.equal(timer.pending, 0);
});

t.test('one that is late is executed here as well, and the first result counts', async (t) => {
  const late = scene();
  late.timer.pass(LATE_MS);
  late.here()?.resolve(RESULT);
  t.strictSame(await late.first, { side: 'here', result: RESULT });
  t.ok(late.there.signal?.aborted, 'the provider is told');
  late.there.reject(new Error('it was cancelled'));

  const just = scene();
  just.timer.pass(LATE_MS);
  just.there.resolve('answer');
  t.strictSame(await just.first, { side: 'there', answer: 'answer' });
  t.ok(just.here()?.signal?.aborted, 'what is executed here ends');
});

t.test('while there is no thread to spare it is looked again', async (t) => {
  let isIdle = false;
  const { timer, first, here } = scene(() => isIdle);
  timer.pass(LATE_MS + 3 * PLACEMENT_BOUNDS.lateAgainMs);
  t.equal(here(), undefined);
  isIdle = true;
  timer.pass(PLACEMENT_BOUNDS.lateAgainMs);
  here()?.resolve(RESULT);
  t.match(await first, { side: 'here' });
});

t.test('one that is lost there ends here, where it has begun, and is placed anew, where it has not', async (t) => {
  const begun = scene();
  begun.timer.pass(LATE_MS);
  begun.there.reject(new Error('lost'));
  let isOver = false;
  void begun.first.then(() => (isOver = true));
  await new Promise((resolve) => setImmediate(resolve));
  t.notOk(isOver);
  begun.here()?.resolve(RESULT);
  t.match(await begun.first, { side: 'here' });

  const lost = scene();
  lost.there.reject(new Error('lost'));
  await t.rejects(lost.first, { message: 'lost' });
  t.equal(lost.timer.pending, 0);
});

t.test('one that must not be executed here waits for its answer', async (t) => {
  const timer = virtualTimer();
  const first = firstResult<string>({
    there: (ends) => Promise.resolve(ends === undefined ? 'answer' : 'one that can be ended'),
    here: () => Promise.reject(new Error('it is executed here')),
    mayBeHere: undefined,
    lateMs: 0,
    timer,
    signal: undefined,
  });
  t.equal(timer.pending, 0);
  t.strictSame(await first, { side: 'there', answer: 'answer' });
});

t.test('one that is cancelled is so on both sides', async (t) => {
  const stop = new AbortController();
  const { timer, first, there, here } = scene(() => true, stop.signal);
  timer.pass(LATE_MS);
  stop.abort();
  t.ok(there.signal?.aborted && here()?.signal?.aborted);
  there.resolve('cancelled');
  t.match(await first, { side: 'there' });
  await until('nothing waits', 1_000, () => timer.pending === 0);
});
