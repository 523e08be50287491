import t from 'tap';
import { RuntimeError, RUNTIME_BOUNDS } from '../../runtime/index.js';
import { builtTask } from './built-task.js';
import { within } from './eventually.js';
import { requestOf } from './run-request.js';
import { said, startRuntime } from './started-runtime.js';

t.setTimeout(120_000);

const probe = await builtTask('test/fixtures/guests/probe');

const MiB = 1024 * 1024;

t.test('a task is installed once and says what it is', async (t) => {
  const { runtime } = await startRuntime(t, { threads: 1 });
  const first = await runtime.install(probe.component, probe.manifest.limits);
  const second = await runtime.install(probe.component, probe.manifest.limits);
  t.strictSame(second, first);
  t.match(first.digest, /^[0-9a-f]{64}$/);
  t.ok(first.imports.includes('wasi:keyvalue/store@0.2.0-draft'));
  t.strictSame(first.imports, first.imports.toSorted());
  t.ok(first.initialMemoryBytes >= 65_536 && first.initialMemoryBytes <= probe.manifest.limits.memoryBytes);
  t.ok(Number.isSafeInteger(first.startFuel) && first.startFuel >= 0);
  const more = await runtime.install(probe.component, { ...probe.manifest.limits, memoryBytes: 8 * MiB });
  t.not(more.key, first.key, 'under another memory limit it is prepared differently');
});

t.test('a task that is not installed, or not any more, cannot be run', async (t) => {
  const { runtime } = await startRuntime(t, { threads: 1 });
  const unknown = { code: 'unknown-task', message: /"nobody"/ };
  await t.rejects(runtime.run(requestOf(probe, { key: 'nobody' })), unknown);
  const installed = await runtime.install(probe.component, probe.manifest.limits);
  const request = requestOf(probe, installed, { captures: { what: 'capture' } });
  t.equal((await runtime.run(request)).outcome.kind, 'completed');
  runtime.uninstall(installed.key);
  await t.rejects(runtime.run(request), { code: 'unknown-task' });
});

t.test('closing finishes what it holds and then takes nothing', async (t) => {
  const { runtime, install } = await startRuntime(t, { threads: 1 });
  const run = await install(probe);
  const held = Array.from({ length: 100 }, (_, i) =>
    run({ runId: String(i), captures: { what: 'turn' }, payload: '1000' }),
  );
  await within('closing', 10_000, Promise.all([runtime.close(), runtime.close()]));
  const results = await within('the runs it held', 1_000, Promise.all(held));
  t.strictSame(
    results.map(({ runId, outcome }) => [runId, outcome.kind]),
    held.map((_, i) => [String(i), 'completed']),
  );
  await t.rejects(run(), { code: 'closed' });
  await t.rejects(runtime.install(probe.component, probe.manifest.limits), { code: 'closed' });
});

t.test('more runs than a pool may hold are refused, and those it took complete', async (t) => {
  const { install } = await startRuntime(t, { threads: 1 });
  const run = await install(probe);
  // Those that wait, those that are with the thread, and one.
  const most = RUNTIME_BOUNDS.pendingRuns + RUNTIME_BOUNDS.batchRuns;
  const asked = { captures: { what: 'capture', room: 'x' }, payload: 'room' };
  const held = Promise.allSettled(Array.from({ length: most + 1 }, () => run(asked)));
  const settled = await within('the runs it took', 60_000, held);
  const refused = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  const taken = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value.outcome.kind] : []));
  t.ok(refused.length >= 1 && taken.length >= RUNTIME_BOUNDS.pendingRuns, `${refused.length} were refused`);
  t.ok(refused.every((error) => error instanceof RuntimeError));
  t.strictSame([...new Set(taken)], ['completed']);
});

/** For tests of single runs. */
const run = await (await startRuntime(t, { threads: 1 })).install(probe);

t.test('captures and config reach the guest', async (t) => {
  const ask = async (what: string, payload: string): Promise<string | undefined> =>
    said(await run({ captures: { what, room: 'küche/1' }, payload }));
  t.equal(await ask('capture', 'room'), 'küche/1');
  t.equal(await ask('capture', 'none'), '');
  t.equal(await ask('config', 'name'), 'hall');
  t.equal(await ask('config', 'target'), '21');
  t.equal(await ask('config', 'toString'), 'none', 'what objects inherit is no config');
  t.equal(await ask('capture', 'toString'), '');
});

t.test('chance and time repeat exactly for the same seed and start, and differ for others', async (t) => {
  const world = (seed: number, clockMs: number) => run({ captures: { what: 'world' }, seed, clockMs });
  const first = await world(1, 1_000);
  const again = await world(1, 1_000);
  t.equal(said(again), said(first));
  t.equal(again.usage.fuel, first.usage.fuel);
  const [a = '', b = '', dice = '', wall = '', before = '', after = ''] = (said(first) ?? '').split(' ');
  t.not(a, b, 'each number is another');
  t.ok(Number(dice) >= 0 && Number(dice) < 1);
  t.equal(wall, '1000', 'the wall clock begins at the start of the run');
  t.ok(Number(after) > Number(before), 'time moves');
  const [c, , otherDice] = (said(await world(2, 1_000)) ?? '').split(' ');
  t.notMatch([c, otherDice], [a, dice]);
  const [d, , , later] = (said(await world(1, 90_000)) ?? '').split(' ');
  t.strictSame([d, later], [a, '90000']);
});

t.test('what a run used up is what it did', async (t) => {
  const turns = (count: number) => run({ captures: { what: 'turn' }, payload: String(count) });
  const [few, many] = [await turns(10), await turns(100_010)];
  const perTurn = (many.usage.fuel - few.usage.fuel) / 100_000;
  t.ok(perTurn > 3 && perTurn < 30, `a loop of a load, an addition and a store takes ${perTurn} fuel each turn`);
  t.ok(many.usage.wallMs > 0 && many.usage.hostMs >= 0 && many.usage.hostMs <= many.usage.wallMs);
  t.equal(many.usage.outputBytes, 'out/said'.length + '100010'.length);

  const small = await run({ captures: { what: 'allocate' }, payload: '10' });
  const large = await run({ captures: { what: 'allocate' }, payload: String(2 * MiB) });
  t.equal(large.outcome.kind, 'completed');
  const growth = large.usage.peakMemoryBytes - small.usage.peakMemoryBytes;
  t.ok(growth > 1.5 * MiB && growth < 3 * MiB, `2 MiB more memory counts as ${growth} bytes`);
  const after = await run({ captures: { what: 'allocate' }, payload: '10' });
  t.strictSame([after.usage.peakMemoryBytes, after.usage.fuel], [small.usage.peakMemoryBytes, small.usage.fuel]);
  const over = await run({ captures: { what: 'allocate' }, payload: String(5 * MiB) });
  t.strictSame([over.outcome.kind, over.effects.length], ['out-of-memory', 0]);
  t.ok(over.usage.peakMemoryBytes <= probe.manifest.limits.memoryBytes);
});

t.test('a run gets exactly the fuel of its limit', async (t) => {
  const asked = { captures: { what: 'turn' }, payload: '5000' };
  const { usage } = await run(asked);
  const enough = await run({ ...asked, limits: { fuel: usage.fuel } });
  t.strictSame([enough.outcome.kind, enough.usage.fuel], ['completed', usage.fuel]);
  const short = await run({ ...asked, limits: { fuel: usage.fuel - 1 } });
  t.strictSame([short.outcome.kind, short.effects.length], ['out-of-fuel', 0]);
  t.ok(short.usage.fuel <= usage.fuel - 1);
});

t.test('a run gets exactly the output of its limit', async (t) => {
  const asked = { captures: { what: 'capture', room: 'x'.repeat(92) }, payload: 'room' };
  const fits = await run({ ...asked, limits: { outputBytes: 100 } });
  t.strictSame([fits.outcome.kind, fits.usage.outputBytes], ['completed', 100]);
  const over = await run({ ...asked, limits: { outputBytes: 99 } });
  t.match(over.outcome, { kind: 'output-limit', message: /99 bytes/ });
  t.strictSame(over.effects, []);
});

t.test('log lines over the limit are left out and counted, and the run goes on', async (t) => {
  const line = 'x'.repeat(300);
  const result = await run({ captures: { what: 'log' }, payload: line });
  t.equal(result.outcome.kind, 'completed');
  t.strictSame(
    result.log.map(({ level, message }) => [level, message]),
    Array.from({ length: 3 }, () => ['info', line]),
  );
  t.equal(result.droppedLogLines, 7);
  t.ok(result.usage.logBytes >= 900 && result.usage.logBytes <= probe.manifest.limits.logBytes);
});

t.test('what was not granted is denied by name, whatever the guest does next', async (t) => {
  const cases = [
    ['publish', 'home/lock/set', /"home\/lock\/set"/],
    ['publish', '$SYS/out', /"\$SYS\/out"/],
    ['write', 'vault', /"vault"/],
    ['write', 'looked-at', /shared\/looked-at/],
    ['write', 'toString', /"toString"/],
  ] as const;
  for (const [what, payload, message] of cases) {
    const result = await run({ captures: { what }, payload });
    t.match(result.outcome, { kind: 'denied', message }, `${what} ${payload}`);
    t.strictSame(result.effects, []);
  }
  const granted = await run({ captures: { what: 'publish' }, payload: 'out/a/b' });
  t.match(granted.effects, [{ kind: 'publish', topic: 'out/a/b' }, { topic: 'out/said' }]);
  const wild = await run({ captures: { what: 'publish' }, payload: 'out/+' });
  t.match([wild.outcome.kind, said(wild)], ['completed', /wildcard/], 'no topic at all: an error the guest may handle');
});

t.test('an error that the guest returns is its message, and has no effect', async (t) => {
  const result = await run({ captures: { what: 'refuse' }, payload: 'no sensor é😀' });
  t.strictSame(result.outcome, { kind: 'failed', message: 'no sensor é😀' });
  t.strictSame(result.effects, []);
});
