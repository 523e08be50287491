/** How deep calls may nest does not depend on the engine, on what it has compiled so far, or on its stack. */
import t from 'tap';
import { CALL_STACK_BYTES, FRAME_BYTES, LOCAL_BYTES } from '../../runtime/provision/meter/costs.js';
import { builtTask } from './built-task.js';
import { requestOf } from './run-request.js';
import { startRuntime } from './started-runtime.js';
import { taskComponent } from './wat-component.js';

t.setTimeout(120_000);

const { runtime } = await startRuntime(t, { threads: 1 });
const { manifest } = await builtTask('test/fixtures/guests/echo');
const limits = { ...manifest.limits, fuel: 1_000_000_000, deadlineMs: 60_000 };

interface Shape {
  readonly name: string;
  /** Functions of which `$deep` is called with how often it shall call itself. */
  readonly fields: string;
  /** What a turn of the recursion takes of the stack. */
  readonly turnBytes: number;
}

const ONE = '(i32.sub (local.get 0) (i32.const 1))';
const again = (call: string): string =>
  `(if (result i32) (local.get 0) (then (i32.add ${call} (i32.const 1))) (else (i32.const 0)))`;
/** Operands that wait on the stack while the call runs, each another. */
const waiting = Array.from({ length: 60 }, (_, i) => `(i32.load8_u offset=${i} (local.get 0))`).join(' ');

const SHAPES: readonly Shape[] = [
  {
    name: 'a function that calls itself',
    fields: `(func $deep (param i32) (result i32) ${again(`(call $deep ${ONE})`)})`,
    turnBytes: FRAME_BYTES + LOCAL_BYTES,
  },
  {
    name: 'two functions that call each other',
    fields: `(func $deep (param i32) (result i32) ${again('(call $other (local.get 0))')})
      (func $other (param i32) (result i32) (local i64 i64) (call $deep ${ONE}))`,
    turnBytes: 2 * FRAME_BYTES + 4 * LOCAL_BYTES,
  },
  {
    name: 'a function that calls itself through a table',
    fields: `(table 1 funcref) (elem (i32.const 0) $deep) (type $t (func (param i32) (result i32)))
      (func $deep (type $t) ${again(`(call_indirect (type $t) ${ONE} (i32.const 0))`)})`,
    turnBytes: FRAME_BYTES + LOCAL_BYTES,
  },
  {
    name: 'a function with a thousand locals',
    fields: `(func $deep (param i32) (result i32) (local ${'i64 '.repeat(1_000)}) ${again(`(call $deep ${ONE})`)})`,
    turnBytes: FRAME_BYTES + 1_001 * LOCAL_BYTES,
  },
  {
    name: 'a function with sixty operands on the stack',
    fields: `(func $deep (param i32) (result i32) ${again(`${waiting} (call $deep ${ONE}) ${'(i32.add) '.repeat(60)}`)})`,
    turnBytes: FRAME_BYTES + LOCAL_BYTES,
  },
];

for (const { name, fields, turnBytes } of SHAPES) {
  void t.test(name, async (t) => {
    const turns = Math.floor(CALL_STACK_BYTES / turnBytes);
    const runTo = async (depth: number): ReturnType<typeof runtime.run> => {
      const body = `(drop (call $deep (i32.const ${depth})))`;
      const installed = await runtime.install(await taskComponent({ fields, body }), limits);
      return runtime.run(requestOf({ manifest: { ...manifest, limits } }, installed, { topic: 'a', payload: 'b' }));
    };
    const within = await runTo(turns - 3);
    t.equal(within.outcome.kind, 'completed', `${turns - 3} turns fit`);
    const beyond = [];
    for (let i = 0; i < 3; i++) beyond.push(await runTo(turns + 1));
    for (const { outcome, usage } of beyond) {
      t.match(outcome, { kind: 'trapped', reason: 'call-depth' }, `${turns + 1} turns do not`);
      t.equal(usage.fuel, beyond[0]?.usage.fuel, 'and cost the same each time');
    }
    t.ok((beyond[0]?.usage.fuel ?? 0) < within.usage.fuel * 1.1, 'what was executed, and not a slice');
  });
}
