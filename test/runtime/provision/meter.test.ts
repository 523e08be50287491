/** What metering adds to a module, and what it leaves as it was. What is charged is in the other `meter-*` tests. */
import t from 'tap';
import { meter } from '../../../runtime/provision/meter/meter.js';
import { MeteredInstance, metered } from './metered-module.js';
import { section, oneFunction } from './one-function.js';
import { outcomeOf } from './side-by-side.js';
import { fromText, toText } from './wat.js';

/** Exports that the host needs and a guest cannot have. */
const ADDED = /^sterna:/;

function compiled(text: string): WebAssembly.Module {
  return new WebAssembly.Module(metered(fromText(text)));
}

t.test('the start function runs only when the host says so', (t) => {
  const text = `(module (memory (export "memory") 1) (global $g (export "g") (mut i32) (i32.const 0))
    (func $s (global.set $g (i32.const 1))) (start $s))`;
  t.notMatch(toText(metered(fromText(text))), /\(start/);
  const instance = new MeteredInstance(compiled(text));
  const global = instance.exports['g'] as WebAssembly.Global<number>;
  t.equal(global.value, 0);
  instance.start();
  t.equal(global.value, 1);
  t.end();
});

t.test('the guest’s own imports and exports stay, in their order', (t) => {
  const text = `(module (import "a" "f" (func)) (import "a" "m" (memory 1)) (import "a" "t" (table 1 funcref))
    (import "a" "g" (global (mut i32))) (import "b" "h" (func (param i64)))
    (func $own) (export "x" (func $own)) (export "y" (func 0)) (export "m" (memory 0)) (export "g" (global 0)))`;
  const module = compiled(text);
  const guests = <Entry extends { readonly name: string; readonly module?: string }>(entries: Entry[]): Entry[] =>
    entries.filter(({ name, module = name }) => !ADDED.test(module));
  const original = new WebAssembly.Module(fromText(text));
  t.same(guests(WebAssembly.Module.imports(module)), WebAssembly.Module.imports(original));
  t.same(guests(WebAssembly.Module.exports(module)), WebAssembly.Module.exports(original));
  t.end();
});

t.test('modules with nothing in them, or everything imported, are still modules', (t) => {
  const texts = [
    '(module)',
    '(module (memory 1))',
    '(module (global i32 (i32.const 1)))',
    '(module (table 1 funcref))',
    '(module (type (func (param i32))))',
    '(module (func))',
    '(module (import "a" "m" (memory 1)) (import "a" "t" (table 1 funcref)) (import "a" "g" (global (mut i32))) (import "a" "f" (func)) (export "f" (func 0)) (elem (i32.const 0) 0))',
    '(module (import "a" "e" (tag (param i32))) (func (throw 0 (i32.const 1))))',
    '(module (func) (func) (elem declare func 0 1) (global funcref (ref.func 1)) (func (export "r") (result funcref) (ref.func 0)))',
    '(module (func $a) (table 3 funcref) (elem (i32.const 1) funcref (ref.func $a) (ref.null func)))',
    '(module (import "a" "f" (func $f)) (start $f))',
    '(module (func $f) (start $f) (export "again" (func $f)))',
  ];
  for (const text of texts) t.ok(WebAssembly.validate(metered(fromText(text))), text);
  t.end();
});

t.test('a function is the same one wherever it is met', (t) => {
  const { exports } = new MeteredInstance(
    compiled(`(module (table (export "t") 2 funcref) (elem (i32.const 0) $f $f) (global (export "g") funcref (ref.func $f))
      (func $f (export "f") (result funcref) (ref.func $f)) (export "also" (func $f))
      (func (export "calls") (result i32) (drop (call $f)) (i32.const 1)))`),
  );
  const table = exports['t'] as WebAssembly.Table;
  const same = [exports['also'], table.get(0), table.get(1), (exports['g'] as WebAssembly.Global).value];
  for (const each of same) t.equal(each, exports['f']);
  t.equal(outcomeOf(exports, 'f', []).result, exports['f'], 'also where it refers to itself');
  t.end();
});

t.test('debug names follow their functions and locals, and custom sections stay', (t) => {
  const text =
    '(module (func $first (param $x i32)) (func $second (call $first (i32.const 1))) (export "second" (func $second)))';
  t.match(toText(metered(fromText(text))), /\(func \$first[^\n]*\(param \$x i32\)[\s\S]*\(func \$second/);
  const producers = [9, ...Buffer.from('producers'), 0];
  const custom = oneFunction([], { sections: [section(0, producers), section(0, [1, 0x61, 1, 2, 3])] });
  const module = new WebAssembly.Module(metered(custom));
  t.strictSame(WebAssembly.Module.customSections(module, 'producers').length, 1);
  const [kept] = WebAssembly.Module.customSections(module, 'a');
  t.strictSame([...new Uint8Array(kept ?? new ArrayBuffer(0))], [1, 2, 3]);
  t.end();
});

t.test('a name section that cannot be read is dropped, and the rest is metered', (t) => {
  const broken = oneFunction([], { sections: [section(0, [4, ...Buffer.from('name'), 1, 100, 1])] });
  t.ok(WebAssembly.validate(broken), 'engines ignore it as well');
  t.strictSame(WebAssembly.Module.customSections(new WebAssembly.Module(metered(broken)), 'name'), []);
  t.end();
});

t.test('handlers, tables that change and segments that are dropped are told', (t) => {
  const told = (text: string): unknown => {
    const { catches, writesTables, dropsSegments } = meter(fromText(text), { exceptions: false });
    return { catches, writesTables, dropsSegments };
  };
  const nothing = { catches: false, writesTables: false, dropsSegments: false };
  t.match(told('(module (table 1 funcref) (func (drop (table.get 0 (i32.const 0)))))'), nothing);
  t.match(told('(module (tag) (func (throw 0)))'), nothing, 'throwing is no handler');
  t.match(told('(module (func (try (do) (catch_all))))'), { ...nothing, catches: true });
  for (const instruction of [
    '(table.set 0 (i32.const 0) (ref.null func))',
    '(table.fill 0 (i32.const 0) (ref.null func) (i32.const 0))',
    '(table.copy (i32.const 0) (i32.const 0) (i32.const 0))',
    '(table.init 0 (i32.const 0) (i32.const 0) (i32.const 0))',
    '(drop (table.grow 0 (ref.null func) (i32.const 0)))',
  ]) {
    const text = `(module (table 1 funcref) (elem func) (func ${instruction}))`;
    t.match(told(text), { ...nothing, writesTables: true }, instruction);
  }
  t.match(told('(module (elem func) (func (elem.drop 0)))'), { ...nothing, dropsSegments: true });
  t.match(told('(module (memory 1) (data "a") (func (data.drop 0)))'), { ...nothing, dropsSegments: true });
  t.end();
});

t.test('the same module is metered to the same bytes', (t) => {
  const module = fromText(
    '(module (memory 1) (func $f (param i32) (memory.fill (local.get 0) (i32.const 1) (local.get 0)) (call $f (local.get 0))))',
  );
  t.strictSame(metered(module), metered(module.slice()));
  t.end();
});
