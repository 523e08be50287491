/** A thread that dies takes one run with it, which says so. */
import t from 'tap';
import { builtTask } from '../runtime/built-task.js';
import { until, within } from '../runtime/eventually.js';
import { startRuntime, threadsOf, type Run } from '../runtime/started-runtime.js';
import { ThreadWitness } from '../runtime/thread-witness.js';

t.setTimeout(120_000);

const probe = await builtTask('test/fixtures/guests/probe');

const spinning = { captures: { what: 'spin' }, payload: '1', limits: { fuel: 1e15, deadlineMs: 60_000 } };
const quickRun = (run: Run) => run({ captures: { what: 'count' }, payload: '9' });

for (const threads of [1, 2]) {
  t.test(
    `threads: ${threads}: its run ends as thread-lost with a cause, the others complete, later ones run`,
    async (t) => {
      const witness = new ThreadWitness();
      const { runtime, install } = await startRuntime(t, { threads, witness });
      const run = await install(probe);
      const first = await quickRun(run);
      const lost = run(spinning);
      const behind = Array.from({ length: 30 }, () => quickRun(run));
      await until('the run executes', 20_000, () => witness.thread(1) !== undefined);
      const victim = threadsOf(runtime).find(({ threadId }) => threadId === witness.thread(1));
      await victim?.terminate();

      const { outcome, effects } = await within('the run that was lost', 10_000, lost);
      t.match(outcome, { kind: 'trapped', reason: 'thread-lost', message: /thread.*died: ./ });
      t.strictSame(effects, []);
      const others = await within('the others', 20_000, Promise.all(behind));
      t.strictSame([...new Set(others.map((other) => other.outcome.kind))], ['completed']);

      const later = await within('a later run', 20_000, Promise.all([quickRun(run), quickRun(run)]));
      for (const { outcome, usage } of later) {
        t.strictSame([outcome.kind, usage.fuel], ['completed', first.usage.fuel]);
      }
      t.equal(threadsOf(runtime).length, threads);
      t.notOk(
        threadsOf(runtime).some(({ threadId }) => threadId === victim?.threadId),
        'there is a new one in its place',
      );
    },
  );
}

t.test('one that dies between runs is missed by nobody', async (t) => {
  const { runtime, install } = await startRuntime(t, { threads: 1 });
  const run = await install(probe);
  t.equal((await quickRun(run)).outcome.kind, 'completed');
  await threadsOf(runtime)[0]?.terminate();
  t.equal((await within('the next run', 20_000, quickRun(run))).outcome.kind, 'completed');
});

t.test('one that hangs in a host call is ended and replaced', async (t) => {
  const witness = new ThreadWitness();
  const { runtime, install } = await startRuntime(t, { threads: 1, witness });
  const run = await install(probe);
  const first = await quickRun(run);
  const [hung] = threadsOf(runtime);
  const hungId = hung?.threadId;
  // Reading the key waits for somebody to look at another, which nobody does, for longer than the watchdog waits.
  const { outcome } = await within(
    'the run that hangs',
    8_000,
    run({ captures: { what: 'count' }, payload: '1 2', limits: { deadlineMs: 100 } }),
  );
  t.match(outcome, { kind: 'trapped', reason: 'thread-lost' });
  const later = await within('a later run', 20_000, quickRun(run));
  t.strictSame([later.outcome.kind, later.usage.fuel], ['completed', first.usage.fuel]);
  t.not(threadsOf(runtime)[0]?.threadId, hungId);
});
