/** Runs that are suspended and resumed through the runtime's door: real threads, real components. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { t } from 'tap';
import {
  beginningOf,
  checkpointDigest,
  createRuntime,
  DEFAULT_LIMITS,
  glanceAt,
  packCheckpoint,
  RuntimeError,
  wholeCheckpoint,
  type InstalledTask,
  type PointOptions,
  type RunRequest,
  type Runtime,
} from '../../../runtime/index.js';
import { requestOf } from '../run-request.js';
import { taskComponent, type CoreParts } from '../wat-component.js';
import { PUBLISH } from '../guest-calls.js';

t.setTimeout(120_000);

const LIMITS = { ...DEFAULT_LIMITS, fuel: 1_000_000_000, deadlineMs: 60_000 };
const MANIFEST = {
  limits: LIMITS,
  grants: { publish: ['out'], buckets: {} },
  config: {},
  subjects: 'verbatim',
} as const;

/** Counts to 20 million in a function of its own, called 20 times, and publishes the sum: four bytes at 64. */
const COUNTING = {
  imports: PUBLISH,
  fields: `(data (i32.const 32) "o\\00u\\00t\\00")
    (func $count (param $n i32) (result i32) (local $sum i32)
      (loop $next
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (local.get $n)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum))`,
  body: `(i32.store (i32.const 96) (i32.const 20))
    (loop $again
      (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (call $count (i32.const 1000000))))
      (i32.store (i32.const 96) (i32.sub (i32.load (i32.const 96)) (i32.const 1)))
      (br_if $again (i32.load (i32.const 96))))
    (call $publish (i32.const 32) (i32.const 3) (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 128))
    (i64.store (i32.const 0) (i64.const 0))`,
};

async function started(use: (runtime: Runtime) => Promise<void>): Promise<void> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-cache-'));
  const runtime = await createRuntime({ threads: 1, cacheDir });
  try {
    await use(runtime);
  } finally {
    await runtime.close();
    await rm(cacheDir, { recursive: true });
  }
}

/** What most of these have done in: to prepare a component takes longer than to run it. */
const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-cache-'));
const shared = await createRuntime({ threads: 1, cacheDir });
t.teardown(async () => {
  await shared.close();
  await rm(cacheDir, { recursive: true });
});
const counting = await taskComponent(COUNTING);
const inAll = await shared.install(counting, LIMITS, { resumable: 'all' });
const inLoops = await shared.install(counting, LIMITS, { resumable: 'loops' });

const request = (task: InstalledTask): RunRequest => requestOf({ manifest: MANIFEST as never }, task);

t.test('a run that is suspended goes on in another runtime, to the same end', async (t) => {
  const whole = await shared.run(request(inAll));
  t.equal(whole.outcome.kind, 'completed');
  t.equal(whole.effects.length, 1);
  const first = await shared.begin(request(inAll)).suspend();
  if (first === undefined) throw new Error('it ended before it was suspended');
  await started(async (other) => {
    const there = await other.install(counting, LIMITS, { resumable: 'all' });
    t.equal(there.resumable, inAll.resumable, 'the code is the same wherever it is prepared');
    const next = other.resume(packCheckpoint(first), there.key);
    const second = await next.suspend();
    if (second === undefined) throw new Error('it ended before it was suspended again');
    const end = await other.resume(second, there.key).end;
    if (end.kind !== 'ended') throw new Error('nobody asked it to stop');
    t.same(end.result.outcome, whole.outcome);
    t.same(end.result.effects, whole.effects);
    t.equal(end.result.usage.fuel, whole.usage.fuel);
  });
});

t.test('a run that has not begun is a checkpoint too, and begins wherever that is resumed', async (t) => {
  const whole = await shared.run(request(inAll));
  const { digest, resumable = '' } = inAll;
  const beginning = beginningOf(request(inAll), { component: digest, instrumentation: resumable });
  t.match(glanceAt(beginning), { fuel: 0, wallMs: 0, base: undefined });
  await started(async (other) => {
    const { key } = await other.install(counting, LIMITS, { resumable: 'all' });
    const end = await other.resume(packCheckpoint(beginning), key).end;
    if (end.kind !== 'ended') throw new Error('nobody asked it to stop');
    t.same(end.result.outcome, whole.outcome);
    t.same(end.result.effects, whole.effects);
    t.equal(end.result.usage.fuel, whole.usage.fuel);
    const first = await other.resume(beginning, key, { deltas: true }).suspend();
    if (first === undefined) throw new Error('it ended before it was suspended');
    t.equal(glanceAt(first).base, checkpointDigest(beginning), 'its first point is the difference to it');
    const last = await other.resume(wholeCheckpoint(first, beginning), key).end;
    if (last.kind !== 'ended') throw new Error('nobody asked it to stop');
    t.same(last.result.effects, whole.effects);
    t.equal(last.result.usage.fuel, whole.usage.fuel);
  });
});

t.test('a run tells of its points, and each leads to the same end', async (t) => {
  const points: Uint8Array[] = [];
  const end = await shared.begin(request(inLoops), { everyMs: 0, onPoint: (point) => points.push(point) }).end;
  if (end.kind !== 'ended') throw new Error('nobody asked it to stop');
  t.ok(points.length > 0, `${points.length} points`);
  const last = points.at(-1);
  if (last === undefined) return;
  const again = await shared.resume(last, inLoops.key).end;
  if (again.kind !== 'ended') throw new Error('nobody asked it to stop');
  t.same(again.result.effects, end.result.effects);
  t.equal(again.result.usage.fuel, end.result.usage.fuel);
});

t.test('the interval of a run that was suspended goes on where it was', async (t) => {
  const component = await taskComponent(COUNTING);
  await started(async (runtime) => {
    const task = await runtime.install(component, LIMITS, { resumable: 'all' });
    const from = await runtime.begin(request(task)).suspend();
    if (from === undefined) throw new Error('it ended before it was suspended');
    const pointsOf = async (options: PointOptions): Promise<readonly number[]> => {
      const points: number[] = [];
      const onPoint = (point: Uint8Array): void => void points.push(glanceAt(point).fuel - glanceAt(from).fuel);
      await runtime.resume(from, task.key, { ...options, onPoint }).end;
      return points;
    };
    const everyFuel = 60_000_000;
    const [first = 0, second = 0] = await pointsOf({ everyFuel, since: { ms: 0, fuel: everyFuel - 10_000_000 } });
    t.ok(first >= 10_000_000 && first < 50_000_000, `the first after ${first}`);
    t.ok(second - first >= everyFuel, `the next ${second - first} after that`);
    const [alone = 0] = await pointsOf({ everyFuel });
    t.ok(alone >= everyFuel, `without it after ${alone}`);
    const everyMs = 600_000;
    t.equal((await pointsOf({ everyMs, since: { ms: everyMs, fuel: 0 } })).length, 1, 'the same by time');
    t.equal((await pointsOf({ everyMs })).length, 0);
  });
});

t.test('a checkpoint of another component is refused, and says which it is of', async (t) => {
  const other = await shared.install(await taskComponent({ ...COUNTING, memory: 2 }), LIMITS, { resumable: 'all' });
  const checkpoint = await shared.begin(request(inAll)).suspend();
  if (checkpoint === undefined) throw new Error('it ended before it was suspended');
  t.throws(
    () => shared.resume(checkpoint, other.key),
    new RuntimeError(
      'checkpoint-refused',
      `The checkpoint cannot be resumed: it is of the component ${inAll.digest}: the task is ${other.digest}`,
    ),
  );
  t.throws(() => shared.resume(checkpoint, inLoops.key), { code: 'checkpoint-refused', message: /code prepared as/ });
});

t.test('calls nest as deep as where a task is not resumable, and no deeper', async (t) => {
  const nested = (depth: number): CoreParts => ({
    fields: `(func $f (param $n i32) (param $x f64) (result i32)
      (if (result i32) (local.get $n)
        (then (i32.add (local.get $n) (call $f (i32.sub (local.get $n) (i32.const 1)) (local.get $x))))
        (else (i32.const 0))))`,
    body: `(drop (call $f (i32.const ${depth}) (f64.const 0)))`,
  });
  // Each frame is counted with 192 bytes and 16 for its locals, of 4 MiB.
  const deepest = Math.floor((4 * 1024 * 1024) / 208) - 2;
  for (const resumable of [undefined, 'all'] as const) {
    const within = await shared.install(await taskComponent(nested(deepest)), LIMITS, { resumable });
    t.same((await shared.run(request(within))).outcome, { kind: 'completed' }, `${resumable}`);
    const beyond = await shared.install(await taskComponent(nested(deepest + 3)), LIMITS, { resumable });
    t.match((await shared.run(request(beyond))).outcome, { kind: 'trapped', reason: 'call-depth' }, `${resumable}`);
  }
});

t.test('a run of a task that is not resumable ends instead of standing still', async (t) => {
  const task = await shared.install(counting, LIMITS);
  const handle = shared.begin(request(task));
  t.equal(await handle.suspend(), undefined);
  const end = await handle.end;
  t.equal(end.kind, 'ended');
});
