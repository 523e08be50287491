import t from 'tap';
import { expose, EXPOSED, type ExposeOptions } from '../../../runtime/provision/expose.js';
import { fromText } from './wat.js';

type Call = (...args: unknown[]) => unknown;

function exportsOf(
  text: string,
  options: ExposeOptions = { tables: true },
  imports: WebAssembly.Imports = {},
): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(expose(fromText(text), options)), imports).exports;
}

function call(exports: WebAssembly.Exports, name: string, ...args: unknown[]): unknown {
  return (exports[name] as Call)(...args);
}

t.test('what a module defines can be reached, and what it imports is the business of whoever defines it', (t) => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const global = new WebAssembly.Global({ value: 'i32', mutable: true }, 7);
  const own = exportsOf('(module (memory 1) (table 2 funcref) (table 3 externref) (func (export "f")))');
  t.strictSame(Object.keys(own).toSorted(), [
    'f',
    `${EXPOSED.clear}0`,
    `${EXPOSED.memory}0`,
    EXPOSED.restore,
    EXPOSED.save,
    `${EXPOSED.table}0`,
    `${EXPOSED.table}1`,
  ]);
  const imported = '(module (import "e" "m" (memory 1)) (import "e" "g" (global (mut i32))) (table 1 funcref))';
  const exports = exportsOf(imported, { tables: false }, { e: { m: memory, g: global } });
  t.strictSame(Object.keys(exports), [`${EXPOSED.table}0`]);
  t.end();
});

t.test('mutable globals of every type are put back, those that JavaScript cannot read as well', (t) => {
  const exports = exportsOf(`(module
    (global $a (mut i32) (i32.const 1)) (global $b (mut i64) (i64.const 2))
    (global $c (mut f32) (f32.const 3)) (global $d (mut f64) (f64.const 4))
    (global $v (mut v128) (v128.const i32x4 5 6 7 8))
    (global $f (mut funcref) (ref.null func)) (global $e (mut externref) (ref.null extern))
    (global $fixed i32 (i32.const 9)) (elem declare func $act)
    (func $act (export "act") (param externref)
      (global.set $a (i32.const -1)) (global.set $b (i64.const -1)) (global.set $c (f32.const -1))
      (global.set $d (f64.const -1)) (global.set $v (v128.const i32x4 -1 -1 -1 -1))
      (global.set $f (ref.func $act)) (global.set $e (local.get 0)))
    (func (export "is") (result i32 i64 f32 f64 i32 i32 i32 i32)
      (global.get $a) (global.get $b) (global.get $c) (global.get $d)
      (i32x4.extract_lane 0 (global.get $v)) (i32x4.extract_lane 3 (global.get $v))
      (ref.is_null (global.get $f)) (ref.is_null (global.get $e))))`);
  const pristine = [1, 2n, 3, 4, 5, 8, 1, 1];
  call(exports, EXPOSED.save);
  for (let i = 0; i < 2; i++) {
    call(exports, 'act', 'secret');
    t.strictSame(call(exports, 'is'), [-1, -1n, -1, -1, -1, -1, 0, 0]);
    call(exports, EXPOSED.restore);
    t.strictSame(call(exports, 'is'), pristine);
  }
  t.end();
});

t.test('tables are put back as they were saved, if asked', (t) => {
  const text = `(module (table $t (export "t") 3 funcref) (table $e (export "e") 2 externref) (elem (table $t) (i32.const 1) func $f)
    (func $f (export "f")) (func $grow (export "grow") (drop (table.grow $t (ref.func $f) (i32.const 1))))
    (func (export "act") (param externref)
      (table.set $t (i32.const 0) (ref.func $f)) (table.set $t (i32.const 1) (ref.null func))
      (table.set $e (i32.const 1) (local.get 0))))`;
  const exports = exportsOf(text);
  const [table, others] = [exports['t'] as WebAssembly.Table, exports['e'] as WebAssembly.Table];
  call(exports, 'grow'); // before it is saved: as a start function may
  call(exports, EXPOSED.save);
  call(exports, 'act', 'secret');
  t.strictSame([table.get(0) === exports['f'], table.get(1), others.get(1)], [true, null, 'secret']);
  call(exports, EXPOSED.restore);
  t.strictSame([table.length, table.get(0), table.get(1), table.get(3)], [4, null, exports['f'], exports['f']]);
  t.strictSame([others.length, others.get(1)], [2, null]);

  t.notOk(EXPOSED.save in exportsOf(text, { tables: false }), 'there is nothing else to keep');
  t.end();
});

t.test('a range of memory is cleared wherever something was written, and nowhere else', (t) => {
  const exports = exportsOf('(module (memory 2))');
  const bytes = new Uint8Array((exports[`${EXPOSED.memory}0`] as WebAssembly.Memory).buffer);
  const [from, to] = [4_096, 131_072];
  for (const at of [from, from + 15, from + 16, from + 255, from + 256, 65_535, 65_536, 100_000, to - 256, to - 1]) {
    bytes[at] = 1;
    call(exports, `${EXPOSED.clear}0`, from, to);
    t.equal(
      bytes.findIndex((byte) => byte !== 0),
      -1,
      `at ${at}`,
    );
  }
  bytes.fill(7);
  call(exports, `${EXPOSED.clear}0`, from, to);
  t.ok(bytes.subarray(0, from).every((byte) => byte === 7));
  t.ok(bytes.subarray(from).every((byte) => byte === 0));
  bytes.fill(7);
  call(exports, `${EXPOSED.clear}0`, 256, 512);
  t.equal(
    bytes.findIndex((byte) => byte === 0),
    256,
  );
  t.equal(
    bytes.findLastIndex((byte) => byte === 0),
    511,
  );
  t.end();
});

t.test('names that are added are refused where a module has them already', (t) => {
  for (const name of ['sterna:memory/0', 'sterna:save', 'sterna:restore', 'sterna:clear/9', 'sterna:table/']) {
    const module = fromText(`(module (func (export "${name}")))`);
    t.throws(() => expose(module, { tables: false }), { message: `the reserved name "${name}"` });
  }
  t.end();
});

t.test('a module with nothing in it stays as it is', (t) => {
  const empty = fromText('(module)');
  t.strictSame(expose(empty, { tables: true }), new Uint8Array(empty));
  t.end();
});
