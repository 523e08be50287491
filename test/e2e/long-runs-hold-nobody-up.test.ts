/** A run that takes long, or for ever, is a matter of its own. */
import t from 'tap';
import type { RunResult } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { until, within } from '../runtime/eventually.js';
import { startRuntime, type Run } from '../runtime/started-runtime.js';
import { ThreadWitness } from '../runtime/thread-witness.js';

t.setTimeout(120_000);

const probe = await builtTask('test/fixtures/guests/probe');
const thermostat = await builtTask('guest-tasks/thermostat');
const spinTask = await builtTask('guest-tasks/rogue/spin');

/** More fuel than any test waits for. */
const ENDLESS = 1e15;

const quickRun = (run: Run) => run({ captures: { what: 'capture', room: 'x' }, payload: 'room' });
const spinUntil = (run: Run, deadlineMs: number) =>
  run({ captures: { what: 'spin' }, payload: '1', limits: { fuel: ENDLESS, deadlineMs } });

for (const threads of [1, 2]) {
  t.test(`threads: ${threads}: runs handed over with an endless one end before it`, async (t) => {
    const { install } = await startRuntime(t, { threads });
    const run = await install(probe);
    await quickRun(run);
    const ended: string[] = [];
    const note = async (name: string, result: Promise<RunResult>): Promise<RunResult> => {
      const value = await result;
      ended.push(name);
      return value;
    };
    // With one thread, those in front of it: what is behind an endless run on the only thread waits for its deadline.
    const before = Array.from({ length: 20 }, () => note('quick', quickRun(run)));
    const spin = note('spin', spinUntil(run, 3_000));
    const behind = threads > 1 ? Array.from({ length: 40 }, () => note('quick', quickRun(run))) : [];
    await within('the quick runs', 20_000, Promise.all([...before, ...behind]));
    t.notOk(ended.includes('spin'), 'they did not wait for it');
    t.equal((await spin).outcome.kind, 'deadline');
    t.strictSame(ended, [...[...before, ...behind].map(() => 'quick'), 'spin']);
  });
}

t.test('behind an endless run on the only thread, runs wait for its deadline and complete', async (t) => {
  const { install } = await startRuntime(t, { threads: 1 });
  const run = await install(probe);
  const spin = spinUntil(run, 300);
  const behind = Array.from({ length: 100 }, () => quickRun(run));
  t.equal((await spin).outcome.kind, 'deadline');
  const results = await within('the runs behind', 20_000, Promise.all(behind));
  t.ok(results.every(({ outcome }) => outcome.kind === 'completed'));
});

t.test('a run that is over its deadline ends as that, soon after', async (t) => {
  const { install } = await startRuntime(t, { threads: 1 });
  const run = await install(probe);
  const { outcome, effects, usage } = await spinUntil(run, 200);
  t.equal(outcome.kind, 'deadline');
  t.strictSame(effects, []);
  t.ok(usage.wallMs >= 200 && usage.wallMs < 1_200, `after ${usage.wallMs} ms`);
  t.equal((await quickRun(run)).outcome.kind, 'completed');
});

t.test('an endless run that is cancelled ends as that, at once', async (t) => {
  const witness = new ThreadWitness();
  const { install } = await startRuntime(t, { threads: 1, witness });
  const run = await install(probe);
  const abort = new AbortController();
  const asked = { captures: { what: 'spin' }, payload: '1', limits: { fuel: ENDLESS, deadlineMs: 60_000 } };
  const spin = run(asked, abort.signal);
  const behind = quickRun(run);
  await until('the run executes', 20_000, () => witness.thread(1) !== undefined);
  const from = performance.now();
  abort.abort();
  const { outcome, effects } = await within('the cancelled run', 10_000, spin);
  const ms = performance.now() - from;
  t.strictSame([outcome.kind, effects.length], ['cancelled', 0]);
  t.ok(ms < 1_000, `after ${ms} ms`);
  t.equal((await behind).outcome.kind, 'completed');
});

t.test('a run that is cancelled before it begins does not run', async (t) => {
  const witness = new ThreadWitness();
  const { install } = await startRuntime(t, { threads: 1, witness });
  const run = await install(probe);
  const late = new AbortController();
  const spin = spinUntil(run, 500);
  const waiting = run({ captures: { what: 'count' }, payload: '5' }, late.signal);
  const never = run({ captures: { what: 'count' }, payload: '6' }, AbortSignal.abort());
  await until('the first run executes', 20_000, () => witness.thread(1) !== undefined);
  late.abort();
  t.strictSame((await spin).outcome.kind, 'deadline');
  for (const result of [await waiting, await never]) {
    t.strictSame([result.outcome.kind, result.effects.length], ['cancelled', 0]);
  }
  t.strictSame([witness.thread(5), witness.thread(6)], [undefined, undefined]);
});

t.test('on one thread, a good task and an endless one, woken twice each, all end', async (t) => {
  const { install } = await startRuntime(t, { threads: 1 });
  const [good, spin] = [await install(thermostat), await install(spinTask)];
  const cold = { captures: { room: 'hall' }, payload: '{"temperature":18}' };
  for (let poke = 0; poke < 2; poke++) {
    const results = await within('the four runs', 20_000, Promise.all([good(cold), spin(), good(cold), spin()]));
    t.strictSame(
      results.map(({ outcome }) => outcome.kind),
      ['completed', 'out-of-fuel', 'completed', 'out-of-fuel'],
    );
  }
});
