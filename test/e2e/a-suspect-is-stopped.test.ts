/** The process of suspected tasks is stopped whenever it must be: by a cancel, by its bounds, and by the hub's end. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import { until, within } from '../runtime/eventually.js';
import { startRuntime, suspectsOf } from '../runtime/started-runtime.js';
import { ThreadWitness } from '../runtime/thread-witness.js';
import { hang, isAlive, look, LOST, probe, spin } from './suspects.js';

t.setTimeout(120_000);

t.test('in the process too, a run is cancelled at once, and one that does not heed it costs the process', async (t) => {
  const witness = new ThreadWitness();
  const { runtime, install } = await startRuntime(t, { threads: 1, witness });
  const run = await install(probe);
  await hang(run);
  await look(run, '2');
  const pid = suspectsOf(runtime) ?? 0;
  for (const [what, asked, survives] of [
    ['an endless loop', spin, true],
    ['a host call that hangs', { captures: { what: 'count' }, payload: '1 9' }, false],
  ] as const) {
    witness.forget(1);
    const abort = new AbortController();
    const running = run(asked, abort.signal);
    await until('it executes', 10_000, () => witness.process(1) === pid);
    const from = performance.now();
    abort.abort();
    const { outcome } = await within('the cancelled run', 10_000, running);
    const ms = performance.now() - from;
    t.equal(outcome.kind, 'cancelled', what);
    t.ok(ms < 1_000, `${what}: after ${ms} ms`);
    await until('the process is as it should be', 2_000, () => isAlive(pid) === survives);
  }
});

t.test('more runs of suspects than may wait end at once, and say why', async (t) => {
  const witness = new ThreadWitness();
  const { install } = await startRuntime(t, { threads: 1, witness });
  const run = await install(probe);
  await hang(run);
  // One executes, and the rest wait.
  const held = Array.from({ length: RUNTIME_BOUNDS.suspectRuns + 2 }, () =>
    run({ captures: { what: 'config' }, payload: 'target' }),
  );
  const results = await within('all of them', 30_000, Promise.all(held));
  const refused = results.filter(({ outcome }) => outcome.kind !== 'completed');
  t.equal(refused.length, 1);
  t.match(refused[0]?.outcome, { ...LOST, message: new RegExp(`${RUNTIME_BOUNDS.suspectRuns} runs .* wait already`) });
});

t.test('when the hub is killed, the process ends by itself, whatever it runs', async (t) => {
  const host = fork(fileURLToPath(new URL('./suspect-host.js', import.meta.url)), [t.testdir({})], {
    stdio: 'inherit',
  });
  t.teardown(() => host.kill('SIGKILL'));
  const [pid] = await within(
    'the suspect hangs',
    30_000,
    new Promise<number[]>((resolve) => host.once('message', (message) => resolve(message as number[]))),
  );
  t.ok(pid !== undefined && isAlive(pid));
  host.kill('SIGKILL');
  await until('the process has ended', 5_000, () => !isAlive(pid ?? 0));
});
