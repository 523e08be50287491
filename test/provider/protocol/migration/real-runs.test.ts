/** The drivers with real runtimes and real checkpoints: what the simulation has small ones of. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as settled } from 'node:timers/promises';
import t from 'tap';
import {
  MigratingRun,
  type Host,
  type MigrationMessage,
  type StubKeeper,
  type StubRecord,
  type Terms,
} from '../../../../provider/protocol/migration/index.js';
import { NEW_RUN, type Side } from '../../../../provider/protocol/responsibility/index.js';
import {
  createRuntime,
  decodeCheckpoint,
  DEFAULT_LIMITS,
  type InstalledTask,
  type RunResult,
  type Runtime,
} from '../../../../runtime/index.js';
import { PUBLISH, times } from '../../../runtime/guest-calls.js';
import { requestOf } from '../../../runtime/run-request.js';
import { taskComponent } from '../../../runtime/wat-component.js';

t.setTimeout(55_000);

const MANIFEST = {
  limits: { ...DEFAULT_LIMITS, fuel: 1e10, deadlineMs: 60_000 },
  grants: { publish: ['out'], buckets: {} },
  config: {},
  subjects: 'verbatim',
} as const;
const OFFER = '(import "sterna:task/checkpoint@0.1.0" "offer" (func $offer (param f64)))';
const MOVES = 8;

/** Writes to a page after the other, each often, and publishes what comes of all of them. */
const WRITING = {
  memory: 32,
  imports: `${PUBLISH} ${OFFER}`,
  fields: `(data (i32.const 32) "o\\00u\\00t\\00")
    (func $mix (param $at i32) (param $end i32) (param $x i32)
      (loop $next
        (i32.store (local.get $at)
          (i32.add (i32.mul (i32.load (local.get $at)) (i32.const 31)) (i32.xor (local.get $x) (local.get $at))))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $end)))))
    (func $sum (result i64) (local $at i32) (local $sum i64)
      (local.set $at (i32.const 65536))
      (loop $next
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.load (local.get $at))))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 1048576))))
      (local.get $sum))
    (func $work (local $i i32) (local $page i32)
      ${times(
        150_000,
        `(local.set $page (i32.add (i32.const 65536) (i32.mul (i32.rem_u (i32.div_u (local.get $i) (i32.const 1000)) (i32.const 200)) (i32.const 4096))))
        (call $mix (local.get $page) (i32.add (local.get $page) (i32.const 4096)) (local.get $i))
        (call $offer (f64.const 0))`,
      )})`,
  body: `(call $work) (i64.store (i32.const 64) (call $sum))
    (call $publish (i32.const 32) (i32.const 3) (i32.const 64) (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 128))`,
};

const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-cache-'));
const runtimes: Record<Side, Runtime> = {
  hub: await createRuntime({ threads: 1, cacheDir }),
  provider: await createRuntime({ threads: 1, cacheDir }),
};
t.teardown(async () => {
  await Promise.all(Object.values(runtimes).map((each) => each.close()));
  await rm(cacheDir, { recursive: true });
});
const component = await taskComponent(WRITING);
const tasks: Record<Side, InstalledTask> = {
  hub: await runtimes.hub.install(component, MANIFEST.limits, { resumable: 'calls' }),
  provider: await runtimes.provider.install(component, MANIFEST.limits, { resumable: 'calls' }),
};
const request = requestOf({ manifest: MANIFEST as never }, tasks.hub);
const undisturbed = await runtimes.hub.run(request);

function hostOf(side: Side): Host {
  return {
    refuses: ({ anchor, difference }) => {
      for (const each of [anchor, difference]) if (each !== undefined) decodeCheckpoint(each);
      return undefined;
    },
    execute: (checkpoint, onPoint, everyMs) =>
      runtimes[side].resume(checkpoint, tasks[side].key, { onPoint, everyMs, deltas: true }),
  };
}

/** Moves the run at every second point, and gives its result and what went over the link. */
async function moved(terms: Terms): Promise<{ result: RunResult; moves: number; anchors: number; points: number }> {
  const begun = runtimes.hub.begin(request, {});
  const first = await begun.suspend();
  if (first === undefined) throw new Error('it ended before it could be suspended');
  let [moves, anchors, points] = [0, 0, 0];
  let over: (result: RunResult | undefined) => void = () => undefined;
  const outcome = new Promise<RunResult | undefined>((resolve) => (over = resolve));
  const runs: Partial<Record<Side, MigratingRun>> = {};
  const send = (to: Side, message: MigrationMessage): boolean => {
    points += message.message.type === 'point' ? 1 : 0;
    anchors += message.content.anchor === undefined ? 0 : 1;
    setImmediate(() => runs[to]?.receive(message));
    return true;
  };
  const runOf = (side: Side, stubs: StubKeeper, record?: StubRecord): MigratingRun => {
    return new MigratingRun(
      {
        side,
        id: 'run#1',
        task: 'writing',
        host: hostOf(side),
        stubs,
        channel: { send: (message) => send(side === 'hub' ? 'provider' : 'hub', message), isSending: false },
        timer: {
          nowMs: () => performance.now(),
          after: (ms, then) => {
            const timeout = setTimeout(then, ms);
            return () => clearTimeout(timeout);
          },
        },
        leaseMs: 5_000,
        changed: () => undefined,
        failed: (reason) => t.fail(`the ${side} failed: ${reason}`),
      },
      record,
    );
  };
  let movedAt = 0;
  const hubKeeps = async ({ stub }: StubRecord): Promise<void> => {
    await settled();
    if (moves === MOVES || stub.point < movedAt + 2) return;
    movedAt = stub.point;
    moves++;
    runs.hub?.offer();
  };
  const kept = async (): Promise<void> => settled();
  const record = { id: 'run#1', task: 'writing', stub: NEW_RUN, content: { anchor: first }, terms, why: '' };
  runs.provider = runOf('provider', { keep: kept, over: kept, drop: kept });
  runs.hub = runOf('hub', { keep: hubKeeps, drop: kept, over: async ({ content }) => over(content.result) }, record);
  for (const run of Object.values(runs)) run.linked();
  const result = await outcome;
  await Promise.all(Object.values(runs).map((run) => run.close()));
  if (result === undefined) throw new Error('the outcome has no result');
  return { result, moves, anchors, points };
}

for (const mode of ['synchronous', 'asynchronous'] as const) {
  t.test(`a real run that moves ${MOVES} times, ${mode}, says what it would have said`, async (t) => {
    const terms = { pointMs: 10, reclaimMs: 60_000, mode, isForHere: false, expectedFuel: 0 };
    const { result, moves, anchors, points } = await moved(terms);
    t.equal(moves, MOVES);
    t.same(result.effects, undisturbed.effects);
    t.same(result.outcome, undisturbed.outcome);
    t.equal(result.usage.fuel, undisturbed.usage.fuel);
    t.ok(points > 2 * MOVES, `${points} points`);
    // The first, and hardly one more: both sides make the others.
    t.ok(anchors < points / 4, `${anchors} anchors in ${points} points`);
  });
}
