/** A run does not stand still while something lies between its frames that cannot be put away. */
import { t } from 'tap';
import { DEFAULT_LIMITS } from '../../../runtime/index.js';
import { PUBLISH, times } from '../guest-calls.js';
import { taskComponent, type CoreParts } from '../wat-component.js';
import { outside, prepared, run, type Came } from './stepping.js';

t.setTimeout(55_000);

const MANIFEST = {
  limits: { ...DEFAULT_LIMITS, fuel: 1e10 },
  grants: { publish: ['out'], buckets: {} },
  config: {},
  subjects: 'verbatim',
};
const task = { manifest: MANIFEST as never };

const WORK = `(func $nothing) (func $work (local $i i32) ${times(300, '(call $nothing)')})`;

/** Publishes `bytes` bytes at `at`, and leaves 0 at address 0, where the answer is. */
const published = (at: number, bytes: number): string => `
  (i64.store (i32.const 64) (i64.const 0x740075006f)) ;; "out" in UTF-16
  (call $publish (i32.const 64) (i32.const 3) (i32.const ${at}) (i32.const ${bytes}) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 128))
  (i64.store (i32.const 0) (i64.const 0))`;

function steps(parts: CoreParts): Promise<{ whole: Came; moved: Came }> {
  return taskComponent(parts).then((component) =>
    prepared(component, 'all', (p) => {
      const whole = run(p, { task, sliceFuel: 100 });
      return { whole, moved: run(p, { task, sliceFuel: 100, wish: () => 'leave' }) };
    }),
  );
}

/** Gives out memory from 64 KiB on, after some work. The adapter of WASI asks for what it needs, a page at a time. */
const WORKING_REALLOC = `(call $work)
  (global.set $given (i32.add (global.get $given) (i32.const 131072)))
  (i32.sub (global.get $given) (i32.const 131072))`;

t.test('another module of the component that calls back', async (t) => {
  const parts = (called: string): CoreParts => ({
    memory: 32,
    imports: `${PUBLISH}
      (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))`,
    fields: `${WORK} (global $given (mut i32) (i32.const 65536))`,
    realloc: WORKING_REALLOC,
    body: `${called} ${published(256, 8)}`,
  });
  const { whole, moved } = await steps(parts('(drop (call $sizes (i32.const 256) (i32.const 260)))'));
  t.equal(whole.ending, '{"type":"returned"}');
  t.same(outside(moved), outside(whole));
  const without = await steps(parts(''));
  t.ok(whole.fuel - without.whole.fuel > 2 * 300, 'it was called back, and worked then');
  t.ok(moved.stops <= without.moved.stops + 2, `it stood still ${moved.stops} times`);
  const after = await steps(parts('(drop (call $sizes (i32.const 256) (i32.const 260))) (call $work)'));
  t.ok(after.moved.stops > moved.stops + 10, 'and afterwards it does');
  t.same(outside(after.moved), outside(after.whole));
});

t.test('what the start function did is there once, wherever the run goes on', async (t) => {
  const { whole, moved } = await steps({
    imports: PUBLISH,
    fields: `${WORK} (global $began (mut i32) (i32.const 0)) (start $begin)
      (func $begin (call $work) (global.set $began (i32.add (global.get $began) (i32.const 42))))`,
    body: `(call $work) (i32.store (i32.const 256) (global.get $began)) ${published(256, 4)}`,
  });
  t.match(whole.effects, /"0":42/);
  t.ok(moved.stops > 10);
  t.same(outside(moved), outside(whole));
});

t.test('vectors, several results of a block and a call, and bits of NaNs are put away as they are', async (t) => {
  const { whole, moved } = await steps({
    imports: PUBLISH,
    fields: `${WORK} (global $n (mut f32) (f32.const 0)) (global $w (mut v128) (v128.const i32x4 1 2 3 4))
      (type $turned (func (param i32 f64) (result f64 i32)))
      (func $three (param i32) (result i32 f64 i64) (call $work) (local.get 0) (f64.const 2.5) (i64.const 77))
      (func $several (result i32) (local $last i64) (local $i i32)
        (call $three (i32.const 5)) (local.set $last)
        (block (type $turned) (call $work) (i32.trunc_f64_s) (i32.add) (f64.convert_i32_s) (call $work) (i32.const 9))
        (local.set $i) (i32.trunc_f64_s) (call $work) (local.get $i) (i32.add)
        (i32.add (i32.wrap_i64 (local.get $last))))
      (func $vector (param $v v128) (result v128) (local $w v128)
        (local.set $w (i32x4.add (local.get $v) (v128.const i32x4 1 2 3 4)))
        (call $work)
        (v128.xor (local.get $v) (local.get $w)))`,
    body: `(global.set $n (f32.const nan:0x200001)) (global.set $w (v128.const i32x4 9 8 7 6))
      (i32.store (i32.const 256) (call $several))
      (v128.store (i32.const 260) (call $vector (v128.const i64x2 0x123456789abcdef0 0xfedcba9876543210)))
      (v128.store (i32.const 276) (global.get $w)) (f32.store (i32.const 292) (global.get $n))
      ${published(256, 40)}`,
  });
  t.match(whole.effects, new RegExp(`"0":${5 + 2 + 9 + 77},`));
  t.ok(moved.stops > 50, `it stood still ${moved.stops} times`);
  t.same(outside(moved), outside(whole));
});

t.test('ranges of memory that were copied, filled and taken from a segment are as they were', async (t) => {
  const { whole, moved } = await steps({
    imports: PUBLISH,
    fields: `${WORK} (data $d "hello passive")`,
    body: `(call $work) (memory.init $d (i32.const 300) (i32.const 0) (i32.const 10))
      (call $work) (memory.copy (i32.const 400) (i32.const 300) (i32.const 10))
      (call $work) (memory.fill (i32.const 402) (i32.const 65) (i32.const 3))
      (call $work) ${published(400, 10)}`,
  });
  t.match(whole.effects, /"0":104,"1":101,"2":65,"3":65,"4":65,"5":32/);
  t.ok(moved.stops > 50);
  t.same(outside(moved), outside(whole));
});
