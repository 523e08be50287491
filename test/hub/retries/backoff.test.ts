import t from 'tap';
import type { Outcome } from '../../../runtime/index.js';
import { attemptSeed } from '../../../hub/retries/attempt-seed.js';
import { backoffMs } from '../../../hub/retries/backoff.js';
import { verdictOf, type Attempt } from '../../../hub/retries/verdict.js';

const POLICY = { attempts: 3, backoffMs: 1_000, maxBackoffMs: 5_000, maxAgeMs: 60_000 };
const LARGEST_SEED = 2 ** 53 - 1;

t.test('a wait doubles with each attempt up to its bound, and is at least half of that', (t) => {
  for (const [attempt, full] of [1_000, 2_000, 4_000, 5_000, 5_000].entries()) {
    const waits = Array.from({ length: 500 }, (_, seed) => backoffMs(POLICY, attempt + 1, seed * 7_919));
    t.ok(Math.min(...waits) >= full / 2, `${full} ms: none is under half`);
    t.ok(Math.max(...waits) <= full, `${full} ms: none is over`);
    t.ok(Math.max(...waits) - Math.min(...waits) > full * 0.45, `${full} ms: all of the other half is drawn`);
  }
  t.equal(backoffMs(POLICY, 100, LARGEST_SEED) <= 5_000, true, 'the largest manifest overflows nothing');
  t.end();
});

t.test('the same run waits the same, and each of its attempts draws anew', (t) => {
  const flat = { ...POLICY, maxBackoffMs: 1_000 };
  const waits = Array.from({ length: 100 }, (_, i) => backoffMs(flat, i + 1, 42));
  t.same(
    waits,
    Array.from({ length: 100 }, (_, i) => backoffMs(flat, i + 1, 42)),
  );
  t.ok(new Set(waits).size > 80);
  t.end();
});

t.test('an attempt’s seed follows from the run’s, which the first one has', (t) => {
  for (const seed of [0, 1, 2 ** 32, LARGEST_SEED]) {
    t.equal(attemptSeed(seed, 1), seed);
    const seeds = Array.from({ length: 100 }, (_, i) => attemptSeed(seed, i + 1));
    t.equal(new Set(seeds).size, 100, 'no two attempts have the same');
    t.ok(seeds.every((each) => Number.isSafeInteger(each) && each >= 0));
    t.equal(attemptSeed(seed, 2), attemptSeed(seed, 2));
  }
  t.not(attemptSeed(1, 2), attemptSeed(1 + 2 ** 32, 2), 'all of the seed counts');
  t.end();
});

const attempt = (outcome: Outcome, more: Partial<Attempt> = {}): Attempt => ({
  outcome,
  attempt: 1,
  ageMs: 0,
  seed: 7,
  mayWait: true,
  ...more,
});

const FAILED: Outcome = { kind: 'failed', message: 'no' };

t.test('each outcome goes where it is said to go', (t) => {
  const verdicts = {
    over: [{ kind: 'completed' }, { kind: 'cancelled' }],
    bury: [
      { kind: 'denied', message: 'no' },
      { kind: 'output-limit', message: 'no' },
    ],
    retry: [
      FAILED,
      { kind: 'trapped', reason: 'unreachable', message: 'no' },
      { kind: 'out-of-fuel' },
      { kind: 'out-of-memory' },
      { kind: 'deadline' },
    ],
  } satisfies Record<string, Outcome[]>;
  for (const [kind, outcomes] of Object.entries(verdicts)) {
    for (const outcome of outcomes) t.equal(verdictOf(attempt(outcome), POLICY).kind, kind, outcome.kind);
  }
  t.end();
});

t.test('a run is given up after its attempts, beyond its age, and where no more may wait', (t) => {
  const kindOf = (more: Partial<Attempt>): string => verdictOf(attempt(FAILED, more), POLICY).kind;
  t.equal(kindOf({ attempt: 2 }), 'retry');
  t.equal(kindOf({ attempt: 3 }), 'bury');
  t.equal(kindOf({ ageMs: 59_000 }), 'retry');
  t.equal(kindOf({ ageMs: 59_600 }), 'bury', 'the next attempt would come too late');
  t.equal(kindOf({ ageMs: -1e9 }), 'retry', 'the clock was set back');
  t.equal(kindOf({ mayWait: false }), 'bury');
  t.end();
});
