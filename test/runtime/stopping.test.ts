/** A guest that never ends by itself ends soon after its fuel, its deadline or a cancel: whatever it is in the middle of. */
import t from 'tap';
import type { Limits } from '../../runtime/index.js';
import { builtTask } from './built-task.js';
import { endlessGuest, ENDLESS_GUESTS } from './endless-guests.js';
import { until, within } from './eventually.js';
import { requestOf } from './run-request.js';
import { startRuntime } from './started-runtime.js';
import { ThreadWitness } from './thread-witness.js';
import { taskComponent } from './wat-component.js';

t.setTimeout(120_000);

const MiB = 1024 * 1024;

/** How soon after its limit or the cancel a run has ended, on a machine that has nothing else to do. */
const SOON_MS = 100;

/** Each is measured up to this often, and the best counts: the machine may be busy with something else. */
const TRIES = 4;

/** More fuel than any test waits for. */
const ENDLESS = 1e15;

const probe = await builtTask('test/fixtures/guests/probe');
const witness = new ThreadWitness();
const { runtime } = await startRuntime(t, { threads: 1, witness });
const LIMITS: Limits = { ...probe.manifest.limits, memoryBytes: 64 * MiB, outputBytes: 256 * 1024 };

/** The least that `measure` answers with, of as many tries as it takes to be soon. */
async function least(measure: () => Promise<number>): Promise<number> {
  let best = Infinity;
  for (let tried = 0; tried < TRIES && best > SOON_MS; tried++) best = Math.min(best, await measure());
  return best;
}

for (const what of Object.keys(ENDLESS_GUESTS)) {
  t.test(`${what}, for ever, ends within ${SOON_MS} ms of its limits and of a cancel`, async (t) => {
    const component = await endlessGuest(what);
    const installed = await runtime.install(component, LIMITS);
    const run = (limits: Partial<Limits>, signal?: AbortSignal) =>
      runtime.run(requestOf(probe, installed, { limits: { ...LIMITS, ...limits } }), signal);

    const afterFuel = await least(async () => {
      const { outcome, usage } = await run({ fuel: 1_000_000, deadlineMs: 20_000 });
      t.equal(outcome.kind, 'out-of-fuel');
      return usage.wallMs; // the limit is somewhere in it
    });
    t.ok(afterFuel <= SOON_MS, `${afterFuel} ms for a million of fuel`);

    const afterDeadline = await least(async () => {
      const { outcome, usage } = await run({ fuel: ENDLESS, deadlineMs: 30 });
      t.equal(outcome.kind, 'deadline');
      return usage.wallMs - 30;
    });
    t.ok(afterDeadline <= SOON_MS, `${afterDeadline} ms after the deadline`);

    const afterCancel = await least(async () => {
      witness.forget(1);
      const abort = new AbortController();
      const running = run({ fuel: ENDLESS, deadlineMs: 60_000 }, abort.signal);
      await until('it executes', 20_000, () => witness.thread(1) !== undefined);
      const from = performance.now();
      abort.abort();
      const { outcome } = await within('the cancelled run', 20_000, running);
      t.equal(outcome.kind, 'cancelled');
      return performance.now() - from;
    });
    t.ok(afterCancel <= SOON_MS, `${afterCancel} ms after the cancel`);
    runtime.uninstall(installed.key);
  });
}

t.test('a start function that never ends ends at its limits, and refuses the component', async (t) => {
  for (const [limits, message] of [
    [{ fuel: 1_000_000 }, /out-of-fuel/],
    [{ fuel: ENDLESS, deadlineMs: 50 }, /deadline/],
  ] as const) {
    const spinning = await taskComponent({ fields: '(func $spin (loop (br 0))) (start $spin)' });
    const from = performance.now();
    await t.rejects(runtime.install(spinning, { ...LIMITS, ...limits }), { code: 'component-over-limit', message });
    t.ok(performance.now() - from < 5_000);
  }
});

t.test('recursion without end is a trap of its own', async (t) => {
  const component = await taskComponent({ fields: '(func $deep (call $deep))', body: '(call $deep)' });
  const installed = await runtime.install(component, LIMITS);
  const { outcome } = await runtime.run(requestOf(probe, installed));
  t.match(outcome, { kind: 'trapped', reason: 'call-depth' });
});
