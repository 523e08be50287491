/** A guest that leaves the host hardly any stack costs itself only: runs of the same batch come back. */
import t from 'tap';
import { builtTask } from './built-task.js';
import { requestOf } from './run-request.js';
import { startRuntime } from './started-runtime.js';
import { taskComponent } from './wat-component.js';

t.setTimeout(60_000);

/** Functions with so many locals that these take most of a thread's stack: none comes back to itself, so none is counted. */
const FRAMES = 39;
const LOCALS = 'i64 '.repeat(49_000);
/** Takes longer than a batch's patience, so that a slice's end sends home what is finished. */
const TURNS = 200_000_000;

/** Uses up most of the stack, as much more as its event says, and then a long time. */
const DEEP = {
  fields: `
    (func $deeper (param $more i32) (local $i i32)
      (if (local.get $more) (then (call $deeper (i32.sub (local.get $more) (i32.const 1))) (return)))
      (loop $turn (br_if $turn (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${TURNS})))))
    ${Array.from({ length: FRAMES }, (_, i) => {
      const next = i === FRAMES - 1 ? '$deeper' : `$large${i + 1}`;
      return `(func $large${i} (param i32) (local ${LOCALS}) (call ${next} (local.get 0)))`;
    }).join('\n')}`,
  body: '(call $large0 (i32.load (local.get 2)))',
};

const { runtime } = await startRuntime(t, { threads: 1 });
const { manifest } = await builtTask('guest-tasks/thermostat');
const limits = { ...manifest.limits, fuel: 100_000_000 };
const task = { manifest: { ...manifest, limits } };
const deep = await runtime.install(await taskComponent(DEEP), limits);
const good = await runtime.install(await taskComponent(), limits);

async function run(installed: typeof deep, more = 0): Promise<string> {
  const payload = Buffer.alloc(4);
  payload.writeUInt32LE(more);
  return (await runtime.run(requestOf(task, installed, { payload }))).outcome.kind;
}

/** The most that leaves the guest itself enough. */
async function mostDepth(): Promise<number> {
  let fits = 0;
  let tooDeep = 20_000;
  while (tooDeep - fits > 1) {
    const middle = (fits + tooDeep) >> 1;
    if ((await run(deep, middle)) === 'trapped') tooDeep = middle;
    else fits = middle;
  }
  return fits;
}

t.test('whatever is left of the stack when a slice ends, runs before and behind it complete', async (t) => {
  t.equal(await run(deep, 0), 'out-of-fuel', 'with enough of it, it uses up its fuel');
  const most = await mostDepth();
  t.comment(`up to ${most} calls more`);
  for (let more = most + 2; more > most - 30; more--) {
    const runs = [run(good), run(good), run(deep, more), run(good)];
    const [first, second, itself, last] = await Promise.all(runs);
    t.match(itself, /^(trapped|out-of-fuel)$/, `${more} calls more`);
    t.strictSame([first, second, last], ['completed', 'completed', 'completed']);
  }
});
