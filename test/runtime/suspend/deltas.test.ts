/** Points of execution that are told as differences to an earlier one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { t } from 'tap';
import {
  checkpointDigest,
  createRuntime,
  DEFAULT_LIMITS,
  describeCheckpoint,
  packCheckpoint,
  wholeCheckpoint,
  type InstalledTask,
  type PointOptions,
  type RunHandle,
  type RunResult,
  type Runtime,
} from '../../../runtime/index.js';
import { PUBLISH, times } from '../guest-calls.js';
import { requestOf } from '../run-request.js';
import { taskComponent } from '../wat-component.js';

t.setTimeout(55_000);

const OFFER = '(import "sterna:task/checkpoint@0.1.0" "offer" (func $offer (param f64)))';
/** What the run writes to is counted in these. */
const PART = 256 * 1024;
const MANIFEST = {
  limits: { ...DEFAULT_LIMITS, fuel: 1e10, deadlineMs: 60_000 },
  grants: { publish: ['out'], buckets: {} },
  config: {},
  subjects: 'verbatim',
} as const;

/** How often it offers a point of execution: it is suspended long before the last. */
const OFFERS = 1_000;
/** Points that a test looks at, at least. */
const POINTS = 12;

/**
 * Writes to a part, then at each offer to a page again; in the middle it writes to three others, and one page of the first
 * becomes what it was in the beginning. What it publishes depends on all of it.
 */
const WRITING = {
  memory: 32,
  imports: `${PUBLISH} ${OFFER}`,
  fields: `(data (i32.const 32) "o\\00u\\00t\\00")
    (func $fill (param $from i32) (param $to i32) (param $x i32)
      (loop $next
        (i32.store (local.get $from) (i32.xor (local.get $from) (local.get $x)))
        (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 4))) (local.get $to)))))
    (func $sum (result i64) (local $at i32) (local $sum i64)
      (loop $next
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.load (local.get $at))))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const ${8 * PART}))))
      (local.get $sum))
    (func $work (local $i i32)
      (call $fill (i32.const ${PART}) (i32.const ${2 * PART}) (i32.const 1))
      ${times(
        OFFERS,
        `(call $fill (i32.add (i32.const ${PART}) (i32.mul (i32.and (local.get $i) (i32.const 31)) (i32.const 4096)))
          (i32.add (i32.const ${PART + 4096}) (i32.mul (i32.and (local.get $i) (i32.const 31)) (i32.const 4096))) (local.get $i))
        (if (i32.eq (local.get $i) (i32.const 4))
          (then (memory.fill (i32.const ${PART + 40 * 4096}) (i32.const 0) (i32.const 4096))))
        (if (i32.eq (local.get $i) (i32.const 8))
          (then (call $fill (i32.const ${4 * PART}) (i32.const ${7 * PART}) (i32.const 9))))
        (call $offer (f64.const 0))`,
      )})`,
  body: `(call $work) (i64.store (i32.const 64) (call $sum))
    (call $publish (i32.const 32) (i32.const 3) (i32.const 64) (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 128))
    (i64.store (i32.const 0) (i64.const 0))`,
};

const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-cache-'));
const runtime: Runtime = await createRuntime({ threads: 1, cacheDir });
t.teardown(async () => {
  await runtime.close();
  await rm(cacheDir, { recursive: true });
});
const task: InstalledTask = await runtime.install(await taskComponent(WRITING), MANIFEST.limits, {
  resumable: 'calls',
});
const request = requestOf({ manifest: MANIFEST as never }, task);
const whole = await runtime.run(request);

async function ended({ end }: RunHandle): Promise<RunResult> {
  const reached = await end;
  if (reached.kind !== 'ended') throw new Error('nobody asked it to stop');
  return reached.result;
}

/** The points that a run tells of, the last of which it is suspended at. */
async function pointsOf(start: (options: PointOptions) => RunHandle): Promise<readonly Uint8Array[]> {
  const points: Uint8Array[] = [];
  const onPoint = (point: Uint8Array): void => {
    if (points.push(point) === POINTS) void handle.suspend();
  };
  const handle = start({ everyMs: 0, deltas: true, onPoint });
  const end = await handle.end;
  if (end.kind !== 'suspended') throw new Error('it ended before it was suspended');
  return [...points, end.checkpoint].slice(0, POINTS + 1);
}

/** Makes each whole with those that came before it. */
function wholes(points: readonly Uint8Array[], kept = new Map<string, Uint8Array>()): readonly Uint8Array[] {
  return points.map((point) => {
    const { base } = describeCheckpoint(point);
    const made = wholeCheckpoint(point, base === undefined ? undefined : kept.get(base));
    kept.set(checkpointDigest(made), made);
    return made;
  });
}

t.test('a point is the difference to the first, and each can be made whole and resumed', async (t) => {
  const points = await pointsOf((options) => runtime.begin(request, options));
  const told = points.map((point) => describeCheckpoint(point));
  t.equal(told[0]?.base, undefined, 'the first stands alone');
  t.ok(told.filter(({ base }) => base !== undefined).length >= POINTS - 4);
  const bases = new Set(told.map(({ base }) => base));
  t.ok(bases.size >= 3, 'when three parts had changed, one was whole again');
  for (const { base, pageBytes } of told) {
    if (base !== undefined) t.ok(pageBytes < 2 * PART, `${pageBytes} bytes of pages`);
  }
  t.ok(Math.min(...told.slice(4).map(({ pageBytes }) => pageBytes)) < PART / 8, 'small ones among them');
  for (const made of wholes(points)) {
    const again = await ended(runtime.resume(packCheckpoint(made), task.key));
    t.strictSame(again.effects, whole.effects);
    t.equal(again.usage.fuel, whole.usage.fuel);
  }
});

t.test('a point of a run that was resumed is the difference to what it was resumed from', async (t) => {
  const [, , , from = new Uint8Array()] = wholes(await pointsOf((options) => runtime.begin(request, options)));
  const points = await pointsOf((options) => runtime.resume(packCheckpoint(from), task.key, options));
  t.equal(describeCheckpoint(points[0] ?? from).base, checkpointDigest(from));
  const kept = new Map([[checkpointDigest(from), from]]);
  for (const made of wholes(points, kept)) {
    t.strictSame((await ended(runtime.resume(made, task.key))).effects, whole.effects);
  }
});

t.test('what a run is suspended with is a difference too, and is refused until it is made whole', async (t) => {
  const [, from = new Uint8Array()] = wholes(await pointsOf((options) => runtime.begin(request, options)));
  const left = await runtime.resume(from, task.key, { deltas: true }).suspend();
  if (left === undefined) throw new Error('it ended before it was suspended');
  t.throws(() => runtime.resume(left, task.key), {
    code: 'checkpoint-refused',
    message: new RegExp(`it is a difference to ${checkpointDigest(from)}: apply it to that first`),
  });
  t.throws(() => wholeCheckpoint(left, undefined), /it is a difference to [0-9a-f]{64}, which is missing/);
  t.throws(() => wholeCheckpoint(left, left), /it is a difference to/);
  t.strictSame((await ended(runtime.resume(wholeCheckpoint(left, from), task.key))).effects, whole.effects);
});
