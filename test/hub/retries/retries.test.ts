/** Runs that fail go again, in a hub with real parts. */
import t from 'tap';
import { EXECUTION_BOUNDS } from '../../../hub/execution/limits.js';
import { attemptSeed } from '../../../hub/retries/attempt-seed.js';
import { failingHub, textOf } from '../failing-hub.js';
import { turns } from '../hub-under-test.js';

const TRIGGER = 'name = "task"\n[[trigger]]\ntopic = "x/{n}"\n';
/** Makes the task one that sees its own earlier runs. */
const STATE = '[grants]\nbuckets = { default = "read-write" }\n';
const LONGEST = 1_000;

t.test(
  'a run that fails goes again after its wait, as the same run with an attempt, a clock and a seed of its own',
  async (t) => {
    const hub = await failingHub(t, {
      tasks: { task: TRIGGER },
      behave: ({ attempt }) => (attempt < 3 ? { outcome: { kind: 'failed', message: 'not yet' } } : {}),
    });
    await hub.send('x/a', '1');
    t.same(hub.tried(), ['1 1']);
    t.equal(hub.hub.runs, 1, 'it is the hub’s while it waits');
    await hub.pass(LONGEST / 2 - 1);
    t.same(hub.tried(), ['1 1'], 'half of the wait is certain');
    await hub.pass(LONGEST / 2 + 1);
    t.same(hub.tried(), ['1 1', '1 2']);
    await hub.pass(2 * LONGEST);
    t.same(hub.tried(), ['1 1', '1 2', '1 3']);
    const [first, second, third] = hub.runtime.started;
    t.equal(second?.runId, first?.runId);
    t.same(second?.event, first?.event);
    t.same([first?.seed, second?.seed, third?.seed], [7, attemptSeed(7, 2), attemptSeed(7, 3)]);
    const waits = hub.ofKind('run-retried').map(({ waitMs }) => waitMs);
    t.same([first?.clockMs, second?.clockMs], [5_000, 5_000 + (waits[0] ?? 0)], 'now is when the attempt was due');
    t.match(hub.ofKind('run-finished'), [{ attempt: 3, outcome: { kind: 'completed' } }], 'the run ended once');
    t.match(hub.hub.counts, { retried: 2, buried: 0, runs: { completed: 1, failed: 0 } });
    t.equal(hub.hub.runs, 0);
  },
);

t.test('while a run waits, those of its key wait behind it, and others have its slot', async (t) => {
  for (const [kind, grants] of [
    ['with state', STATE],
    ['without state', ''],
  ] as const) {
    const hub = await failingHub(t, {
      tasks: { task: `${TRIGGER}${grants}[schedule]\nconcurrency = 1\n` },
      behave: (request) =>
        textOf(request) === 'a1' && request.attempt === 1 ? { outcome: { kind: 'out-of-fuel' } } : {},
    });
    await hub.send('x/a', 'a1');
    for (const [topic, text] of [
      ['x/a', 'a2'],
      ['x/b', 'b1'],
      ['x/a', 'a3'],
    ] as const)
      await hub.send(topic, text);
    t.same(hub.tried(), ['a1 1', 'b1 1'], kind);
    await hub.pass(LONGEST);
    t.same(hub.tried(), ['a1 1', 'b1 1', 'a1 2', 'a2 1', 'a3 1'], `${kind}: order is kept`);
    t.equal(hub.hub.runs, 0);
  }
});

t.test('runs of a key that overlap end in order though one of them goes again', async (t) => {
  const outcomes = new Map<string, number>();
  const hub = await failingHub(t, {
    tasks: { task: `${TRIGGER}[grants]\npublish = ["out"]\n` },
    behave: (request) => {
      const text = textOf(request);
      outcomes.set(text, (outcomes.get(text) ?? 0) + 1);
      if (text === '1' && request.attempt === 1) return { outcome: { kind: 'trapped', reason: 'abi', message: '' } };
      return { effects: [{ kind: 'publish', topic: 'out', payload: request.event.payload, qos: 0, retain: false }] };
    },
  });
  // In one turn: all three are under way when the first fails.
  for (const text of ['1', '2', '3']) hub.link.deliver('x/a', { payload: Buffer.from(text), qos: 0 });
  await turns();
  t.same(hub.link.published, [], 'those that came later wait for it');
  await hub.pass(LONGEST);
  t.same(
    hub.link.published.map(({ payload }) => Buffer.from(payload).toString()),
    ['1', '2', '3'],
  );
});

t.test('mode restart: a newer event takes the place of a run that waits for its next attempt', async (t) => {
  for (const [mode, reason] of [
    ['restart', 'restarted'],
    ['latest', 'superseded'],
  ] as const) {
    const hub = await failingHub(t, { tasks: { task: `${TRIGGER}[schedule]\nmode = "${mode}"\n` } });
    await hub.send('x/a', 'failed 1');
    await hub.send('x/a', 'newer');
    t.same(hub.tried(), ['failed 1 1', 'newer 1'], mode);
    t.match(hub.ofKind('event-dropped'), [{ reason, by: 'e1' }]);
    await hub.pass(10 * LONGEST);
    t.equal(hub.tried().length, 2, 'it does not go again');
    t.equal(hub.hub.runs, 0);
    await hub.hub.close();
    const next = await failingHub(t, { tasks: {}, before: { dir: hub.dir, atMs: hub.clock() } });
    await next.pass(10 * LONGEST);
    t.same(next.tried(), [], 'nor after a restart');
    await next.hub.close();
  }
});

t.test('mode latest: a run that fails while a newer event waits does not go again', async (t) => {
  const hub = await failingHub(t, {
    tasks: { task: `${TRIGGER}[schedule]\nmode = "latest"\n` },
  });
  hub.link.deliver('x/a', { payload: Buffer.from('failed 1') });
  hub.link.deliver('x/a', { payload: Buffer.from('newer') });
  await turns();
  t.same(hub.tried(), ['failed 1 1', 'newer 1']);
  t.match(hub.ofKind('event-dropped'), [{ reason: 'superseded' }]);
  t.equal(hub.hub.runs, 0);
});

t.test('runs that wait count in the queue of their task; a ttl does not end them', async (t) => {
  const hub = await failingHub(t, {
    tasks: { task: `${TRIGGER}[limits]\nqueue = 2\n[schedule]\nkey = false\nttl = "100 ms"\n` },
  });
  for (const text of ['failed 1', 'failed 2', 'failed 3']) await hub.send('x/a', text);
  t.same(hub.tried(), ['failed 1 1', 'failed 2 1']);
  t.equal(hub.hub.counts.refused['task-queue-full'], 1);
  await hub.pass(LONGEST);
  t.match(hub.hub.counts, { dropped: { expired: 0 }, retried: 4 }, 'both were tried again');
});

t.test('a hub that starts again waits for the rest of the time, and goes on with the same attempt', async (t) => {
  const tasks = { task: `${TRIGGER}${STATE}[retry]\nbackoff = "10 s"\nmaxBackoff = "10 s"\n` };
  const first = await failingHub(t, { tasks });
  await first.send('x/a', 'failed 1');
  await first.send('x/a', 'behind');
  const waitMs = first.ofKind('run-retried')[0]?.waitMs ?? 0;
  await first.pass(1_000);
  t.equal(await first.hub.close(), 0, 'what waits is kept, and not waited for');

  const second = await failingHub(t, { tasks, before: { dir: first.dir, atMs: first.clock() + 2_000 } });
  await turns();
  t.same(second.tried(), []);
  await second.pass(waitMs - 3_001);
  t.same(second.tried(), [], 'its time goes on while the hub is away');
  await second.pass(1);
  t.same(second.tried(), ['failed 1 2'], 'and the other waits behind it still');
  t.equal(second.runtime.started[0]?.clockMs, 5_000 + waitMs);
  t.equal(second.runtime.started[0]?.seed, attemptSeed(7, 2));
  await second.hub.close();

  const third = await failingHub(t, { tasks, before: { dir: first.dir, atMs: 0 } });
  await third.pass(9_999);
  t.same(third.tried(), [], 'the machine’s clock was set back');
  await third.pass(1);
  t.same(third.tried(), ['failed 1 3', 'behind 1'], 'that delays it by no more than its longest wait');
});

t.test('beyond the bound of what may wait, a run that fails is given up at once', async (t) => {
  const most = EXECUTION_BOUNDS.retryingRuns;
  const hub = await failingHub(t, {
    tasks: { task: `${TRIGGER}[limits]\nqueue = 20000\n[schedule]\nkey = false\n[quarantine]\nfailures = 0\n` },
  });
  for (let i = 0; i < most + 3; i++) {
    hub.link.deliver('x/a', { payload: Buffer.from(`failed ${i}`), qos: 0 });
    if (i % 500 === 0) await turns();
  }
  await turns();
  t.match(hub.hub.counts, { retried: most, buried: 3 });
});

t.test('the run of an invocation goes again in memory', async (t) => {
  const hub = await failingHub(t, {
    tasks: { task: TRIGGER },
    behave: ({ attempt }) => (attempt === 1 ? { outcome: { kind: 'deadline' } } : {}),
  });
  const invoked = hub.hub.control.invoke({ task: 'task', topic: 'x/a', payload: Buffer.from('1') });
  await turns();
  await hub.pass(LONGEST);
  t.match(await invoked, { kind: 'ended', run: { attempt: 2, outcome: { kind: 'completed' } } });
});
