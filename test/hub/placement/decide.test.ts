import t from 'tap';
import { sharedSpeed } from '../../../hub/placement/cost.js';
import { decide, type Question } from '../../../hub/placement/decide.js';

const QUESTION: Question = {
  policy: 'auto',
  keptHere: undefined,
  fuel: 1_000_000,
  local: { fuelPerMs: 100_000, isMeasured: true, queueMs: 0, backlogMs: 0, weight: 1, hasRoom: true },
  remote: { name: 'p', fuelPerMs: 1_000_000, isMeasured: true, queueMs: 0, transportMs: 2, hasRoom: true },
  standing: undefined,
  nowMs: 10_000,
};

function asked(change: Partial<Question>): string {
  const { side, reason } = decide({ ...QUESTION, ...change });
  return `${side}: ${reason}`;
}

t.test('a policy is kept, and says so', (t) => {
  const none = { remote: undefined };
  const full = {
    remote: {
      ...QUESTION.remote,
      name: 'p',
      fuelPerMs: 1,
      isMeasured: true,
      queueMs: 0,
      transportMs: 0,
      hasRoom: false,
    },
  };
  const busy = { local: { ...QUESTION.local, hasRoom: false } };
  const cases: readonly (readonly [Partial<Question>, string])[] = [
    [{ policy: 'local-only' }, 'local: its placement is local-only'],
    [{ policy: 'remote-only' }, 'remote: its placement is remote-only'],
    [{ policy: 'remote-only', ...none }, 'wait: its placement is remote-only, and no provider takes it now'],
    [{ policy: 'remote-only', ...full }, 'wait: its placement is remote-only, and the provider p has no room now'],
    [{ policy: 'prefer-remote' }, 'remote: its placement is prefer-remote, and a provider takes it'],
    [{ policy: 'prefer-remote', ...none }, 'local: no provider takes it now'],
    [{ policy: 'prefer-local' }, 'local: its placement is prefer-local, and a thread is free here'],
    [{ policy: 'prefer-local', ...busy }, 'remote: its placement is prefer-local, and all threads here are busy'],
    [{ policy: 'remote-only', keptHere: 'its topic local/a is local' }, 'local: its topic local/a is local'],
    [{}, 'remote: it is expected to take 10 ms here and 3.00 ms at p'],
    [{ ...none }, 'local: no provider takes it now'],
  ];
  for (const [change, expected] of cases) t.equal(asked(change), expected);
  t.end();
});

t.test('a decision by cost names the cost of what was rejected', (t) => {
  t.match(decide(QUESTION), { side: 'remote', provider: 'p', localMs: 10, remoteMs: 3 });
  t.match(decide({ ...QUESTION, fuel: 10_000 }), { side: 'local', localMs: 0.1, remoteMs: 2.01 });
  t.match(decide({ ...QUESTION, local: { ...QUESTION.local, weight: 3 } }), { localMs: 30 }, 'on battery');
  t.end();
});

t.test('a task stays where it is unless the other side is much better, and for half a second in any case', (t) => {
  const slightly: Question = { ...QUESTION, fuel: 290_000, standing: { side: 'local', sinceMs: 0 } };
  const { side, reason } = decide(slightly);
  t.equal(side, 'local');
  t.equal(reason, 'it is expected to take 2.90 ms here and 2.29 ms at p, which is not enough of a difference to move');
  t.match(
    decide({ ...slightly, standing: undefined }),
    { side: 'remote' },
    'one that is nowhere goes where it is cheaper',
  );
  const much: Question = { ...slightly, fuel: 1_000_000 };
  t.match(decide(much), { side: 'remote' }, 'it moves for much');
  t.match(decide({ ...much, standing: { side: 'local', sinceMs: 9_800 } }), { side: 'local' }, 'not at once');
  const remote = { name: 'p', fuelPerMs: 1e6, isMeasured: true, queueMs: 0, transportMs: 0, hasRoom: true };
  t.match(decide({ ...slightly, fuel: 1_000, remote }), { side: 'local' }, 'not for a hundredth of a millisecond');
  t.end();
});

t.test('a side that was not measured is tried where that may pay', (t) => {
  const unknown = { name: 'p', fuelPerMs: 1, isMeasured: false, queueMs: 0, transportMs: 2, hasRoom: true };
  const { side, reason } = decide({ ...QUESTION, remote: unknown });
  t.equal(side, 'remote');
  t.match(reason, 'where it is to be seen how long the work itself takes');
  t.match(
    decide({ ...QUESTION, remote: unknown, fuel: 100_000 }),
    { side: 'local' },
    'not where the way there takes longer',
  );
  t.end();
});

t.test('where all threads are busy, what waits is relieved; the task belongs where it did', (t) => {
  const busy = { ...QUESTION.local, hasRoom: false, backlogMs: 100 };
  const standing = { side: 'local', sinceMs: 0 } as const;
  const cheapHere: Question = { ...QUESTION, fuel: 100_000, local: busy, standing };
  t.match(decide(cheapHere), { side: 'remote', isRelief: true, localMs: 1, remoteMs: 2.1 });
  t.equal(
    decide(cheapHere).reason,
    'all threads here are busy: what waits takes 101 ms here, and this one 2.10 ms at p',
  );
  t.match(decide({ ...cheapHere, local: { ...busy, hasRoom: true } }), { side: 'local' }, 'a thread is free');
  t.match(decide({ ...cheapHere, local: { ...busy, backlogMs: 1 } }), { side: 'local' }, 'little waits');
  t.equal(decide({ ...cheapHere, fuel: 1_000_000 }).isRelief, undefined, 'it is plainly better there');
  t.end();
});

t.test('runs that move share the threads of their provider', (t) => {
  t.equal(sharedSpeed(100, { others: 0, threads: 2 }), 100);
  t.equal(sharedSpeed(100, { others: 1, threads: 2 }), 100);
  t.equal(sharedSpeed(100, { others: 3, threads: 2 }), 50);
  t.equal(sharedSpeed(100, { others: 1, threads: 0 }), 50, 'one that does not say has one');
  t.end();
});

t.test('a run that is to take long at a provider begins there as one that moves, and says so', (t) => {
  const free = { moving: { hindrance: undefined } };
  const long: Question = { ...QUESTION, policy: 'prefer-remote', fuel: 30_000_000_000, ...free };
  const reason = 'its placement is prefer-remote, and a provider takes it';
  t.match(decide(long), {
    side: 'remote',
    moves: true,
    reason: `${reason}; it takes about 30000 ms there, and it can come home`,
  });
  t.equal(
    decide({ ...long, fuel: 1_000_000 }).moves,
    undefined,
    'a short one is home before anybody could call it back',
  );
  t.match(
    decide({ ...long, fuel: 0 }),
    { moves: true, reason: `${reason}; nobody knows how long it takes, and it can come home` },
    'its task says that it may take long',
  );
  const { moving: _, ...cannot } = long;
  t.equal(decide(cannot).moves, undefined, 'its task cannot stand still');
  t.equal(decide({ ...long, policy: 'remote-only' }).moves, undefined, 'it may not execute here');
  const bound = decide({ ...long, moving: { hindrance: 'at most 32 runs may move at once' } });
  t.equal(bound.moves, undefined);
  t.equal(bound.reason, `${reason}; it stays there until it ends, as at most 32 runs may move at once`);
  t.match(decide({ ...long, keptHere: 'it is local' }), { side: 'local', moves: undefined });
  const busy = { ...QUESTION.local, hasRoom: false };
  t.match(decide({ ...long, policy: 'prefer-local', local: busy }), { side: 'remote', moves: true });
  t.match(decide({ ...long, policy: 'auto' }), { side: 'remote', moves: true });
  t.end();
});
