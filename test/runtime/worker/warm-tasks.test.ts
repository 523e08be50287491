/** What a thread keeps between runs, with real components. */
import t from 'tap';
import { DEFAULT_LIMITS, RUNTIME_BOUNDS, type RunRequest } from '../../../runtime/index.js';
import { ArtifactCache } from '../../../runtime/provision/cache.js';
import { provision } from '../../../runtime/provision/provision.js';
import { Executor } from '../../../runtime/worker/executor.js';
import type { SliceWatch } from '../../../runtime/worker/gauge.js';
import { Instance } from '../../../runtime/worker/instance.js';
import { RunContext, type Executing } from '../../../runtime/worker/run-context.js';
import { WarmTasks } from '../../../runtime/worker/warm-tasks.js';
import { relayRun } from '../../bench/relay.js';
import { taskComponent, type CoreParts } from '../wat-component.js';

t.setTimeout(60_000);

const WATCH: SliceWatch = { now: () => performance.now(), cancelled: () => false, sliceEnded: () => undefined };
const MiB = 1024 * 1024;

const cacheDir = t.testdir({});

/** Prepares a component and answers with its key. */
async function prepared(parts: CoreParts): Promise<string> {
  const provisioned = await provision(await taskComponent(parts), { memoryBytes: DEFAULT_LIMITS.memoryBytes });
  await new ArtifactCache(cacheDir).store(provisioned);
  return provisioned.artifact.key;
}

function context(instance: Executing): RunContext {
  const request = relayRun('task', 1);
  instance.gauge.begin(request.limits.fuel, WATCH.now() + request.limits.deadlineMs, WATCH);
  return new RunContext(request, instance, undefined);
}

/** Keeps a new instance of each, in this order. */
function keepAll(warm: WarmTasks, keys: readonly string[]): void {
  for (const key of keys) {
    const task = warm.task(key);
    task.keep(undefined, new Instance(task.loaded, context));
  }
}

const plain = await Promise.all(Array.from({ length: 6 }, (_, i) => prepared({ body: `(drop (i32.const ${i}))` })));
const large = await prepared({ memory: 128 });

t.test('instances are kept within the bound, of which a task in use may have all', (t) => {
  const warm = new WarmTasks(cacheDir, 1 * MiB);
  const kept = (): string[] => plain.filter((key) => warm.task(key).instance(undefined) !== undefined);
  keepAll(warm, plain);
  t.strictSame(kept(), plain, 'six small ones fit');
  keepAll(warm, [large]);
  const task = warm.task(large);
  t.ok(task.instance(undefined), 'one that is larger than the bound is kept while it is in use');
  t.strictSame(kept(), [], 'in place of all others');
  keepAll(warm, plain);
  t.equal(warm.task(large).instance(undefined), undefined, 'and goes for them');
  t.end();
});

t.test('a component takes its instances with it, those of keys too', (t) => {
  const warm = new WarmTasks(cacheDir, 1 * MiB);
  const [first = ''] = plain;
  const task = warm.task(first);
  const keep = (): void => task.keep('key', new Instance(task.loaded, context));
  keep();
  keepAll(warm, [large]);
  const again = warm.task(first);
  t.not(again, task, 'it was let go of, and loaded anew');
  t.strictSame([again.instance('key'), task.instance('key')], [undefined, undefined]);
  const { bytes } = warm;
  keep();
  t.strictSame([task.instance('key'), warm.bytes], [undefined, bytes], 'what comes back late is not kept');
  t.end();
});

t.test(
  'however many tasks are hit, a thread keeps no more than it may, and each run is as if it were the only one',
  async (t) => {
    const warm = new WarmTasks(cacheDir);
    const executor = new Executor(cacheDir, undefined, warm);
    const hungry = await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        prepared({ memory: 200, body: `(i32.store (i32.const ${i * 65_536}) (i32.const ${i}))` }),
      ),
    );
    const bytes = hungry.length * 200 * 65_536;
    t.ok(bytes > 2 * RUNTIME_BOUNDS.warmBytes, 'together they would be twice the bound');
    const fuel = new Map<string, number>();
    for (let round = 0; round < 3; round++) {
      for (const task of hungry) {
        const { outcome, usage } = executor.execute(request(task), WATCH);
        t.equal(outcome.kind, 'completed');
        t.equal(usage.fuel, fuel.get(task) ?? usage.fuel);
        fuel.set(task, usage.fuel);
      }
    }
    t.ok(warm.bytes > RUNTIME_BOUNDS.warmBytes / 2 && warm.bytes <= RUNTIME_BOUNDS.warmBytes, `${warm.bytes} bytes`);
  },
);

t.test('an instance whose memory or table has grown is made anew: neither shrinks', async (t) => {
  const grows = '(if (i32.ne (memory.size) (i32.const 1)) (then unreachable)) (drop (memory.grow (i32.const 1)))';
  const longer =
    '(if (i32.ne (table.size $t) (i32.const 1)) (then unreachable)) (drop (table.grow $t (ref.null func) (i32.const 1)))';
  for (const parts of [{ body: grows }, { fields: '(table $t 1 9 funcref)', body: longer }]) {
    const executor = new Executor(cacheDir, undefined);
    const task = await prepared(parts);
    for (let i = 0; i < 3; i++) t.equal(executor.execute(request(task), WATCH).outcome.kind, 'completed');
  }
});

t.test('an instance that trapped is put back, and not made anew', async (t) => {
  const executor = new Executor(cacheDir, undefined);
  /** Traps in the middle of everything: in a call that the host made to allocate, and with a full table. */
  const task = await prepared({
    fields: '(table $t 1 funcref) (func $f) (elem declare func $f) (global $n (mut i32) (i32.const 0))',
    body: `(table.set $t (i32.const 0) (ref.func $f)) (global.set $n (i32.const 1)) (i32.store (i32.const 9000) (i32.const 1))
      (i32.store (i32.const -1) (i32.const 1))`,
    realloc: `(if (i32.or (i32.load (i32.const 9000)) (global.get $n)) (then unreachable)) (i32.const 1024)`,
  });
  const made = countMade();
  for (let i = 0; i < 5; i++) {
    const { outcome } = executor.execute(request(task), WATCH);
    t.match(outcome, { kind: 'trapped', reason: 'memory-out-of-bounds' });
  }
  t.equal(made(), 1, 'one instance served all');
});

/** Counts components' instances made from now on: each of these has one core module. */
function countMade(): () => number {
  const { Instance: Real } = WebAssembly;
  let count = 0;
  class Counting extends Real {
    constructor(...args: ConstructorParameters<typeof Real>) {
      super(...args);
      count++;
    }
  }
  Object.assign(WebAssembly, { Instance: Counting });
  t.teardown(() => Object.assign(WebAssembly, { Instance: Real }));
  return () => count;
}

function request(task: string): RunRequest {
  return relayRun(task, 1);
}
