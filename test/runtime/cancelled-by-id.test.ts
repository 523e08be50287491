/** A run that is told to end has no effect, however far it has come. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { builtTask } from './built-task.js';
import { requestOf } from './run-request.js';
import { startRuntime } from './started-runtime.js';

t.setTimeout(55_000);

const probe = await builtTask('test/fixtures/guests/probe');
const saying = { captures: { what: 'turn' }, payload: '10' };

/** The thread goes on while this one stands still, and what it sends is not looked at. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

t.test('it may have completed on its thread, with its result on the way', async (t) => {
  const { runtime, install } = await startRuntime(t, { threads: 1 });
  const run = await install(probe);
  t.equal((await run(saying)).effects.length, 1, 'it would have an effect');
  const installed = await runtime.install(probe.component, probe.manifest.limits);
  const request = requestOf(probe, installed, saying);
  const ended = runtime.run(request);
  while (runtime.occupancy.waiting.length > 0) await nextTurn();
  standStill(500);
  t.ok(runtime.cancel(request.runId), 'nobody here knows yet');
  const { outcome, effects } = await ended;
  t.strictSame([outcome.kind, effects], ['cancelled', []]);
  t.notOk(runtime.cancel(request.runId), 'now it is over');
});

t.test('it may wait for a thread', async (t) => {
  const { runtime } = await startRuntime(t, { threads: 1 });
  const installed = await runtime.install(probe.component, probe.manifest.limits);
  const request = requestOf(probe, installed, saying);
  const ended = runtime.run(request);
  t.ok(runtime.cancel(request.runId));
  t.match(await ended, { outcome: { kind: 'cancelled' }, effects: [] });
});
