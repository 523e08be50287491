import t from 'tap';
import { expose, EXPOSED } from '../../../runtime/provision/expose.js';
import { fromText } from './counted.js';

function exportsOf(text: string, imports: WebAssembly.Imports = {}): WebAssembly.Exports {
  const { module } = expose(fromText(text));
  return new WebAssembly.Instance(new WebAssembly.Module(module), imports).exports;
}

t.test('everything that a guest can change can be reached', (t) => {
  const exports = exportsOf(`(module
    (memory 1) (table 2 funcref) (table 3 externref)
    (global (mut i32) (i32.const 1)) (global i32 (i32.const 2)) (global (mut i64) (i64.const 3))
    (global (mut f32) (f32.const 4)) (global (mut f64) (f64.const 5)) (global (mut externref) (ref.null extern))
    (func (export "f")))`);
  t.strictSame(Object.keys(exports).toSorted(), [
    'f',
    `${EXPOSED.global}0`,
    `${EXPOSED.global}2`,
    `${EXPOSED.global}3`,
    `${EXPOSED.global}4`,
    `${EXPOSED.global}5`,
    `${EXPOSED.memory}0`,
    `${EXPOSED.table}0`,
    `${EXPOSED.table}1`,
  ]);
  const global = exports[`${EXPOSED.global}2`] as WebAssembly.Global;
  t.equal(global.value, 3n);
  global.value = 9n;
  t.equal(global.value, 9n);
  t.end();
});

t.test('what is imported can be reached as well', (t) => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const global = new WebAssembly.Global({ value: 'i32', mutable: true }, 7);
  const text = '(module (import "e" "m" (memory 1)) (import "e" "g" (global (mut i32))))';
  const exports = exportsOf(text, { e: { m: memory, g: global } });
  t.equal(exports[`${EXPOSED.memory}0`], memory);
  t.equal(exports[`${EXPOSED.global}0`], global);
  t.end();
});

t.test('a global that JavaScript cannot read is told', (t) => {
  const vector = '(v128.const i32x4 0 0 0 0)';
  t.equal(expose(fromText(`(module (global (mut v128) ${vector}))`)).hidesState, true);
  t.equal(expose(fromText(`(module (global v128 ${vector}))`)).hidesState, false);
  t.equal(expose(fromText('(module (global (mut f64) (f64.const 0)))')).hidesState, false);
  t.end();
});

t.test('a module with nothing in it stays valid', (t) => {
  const { module, hidesState } = expose(fromText('(module)'));
  t.ok(WebAssembly.validate(module));
  t.notOk(hidesState);
  t.end();
});
