/** Modules at the bounds of what the engine takes. */
import { performance } from 'node:perf_hooks';
import t from 'tap';
import { meter } from '../../../runtime/provision/meter/meter.js';
import { metered } from './metered-module.js';
import { functions, oneFunction, section } from './one-function.js';
import { meteredInstance, fuelOf, outcomeOf, sideBySide } from './side-by-side.js';
import { fromText } from './wat.js';

/** V8's bounds on a function: kV8MaxWasmFunctionLocals, Params and Returns in wasm-limits.h. */
const MAX_LOCALS = 50_000;
const MAX_PARAMS = 1_000;
const MAX_RESULTS = 1_000;

const I32 = 0x7f;
const i32s = (count: number): string => 'i32 '.repeat(count);

t.test('a function with almost all the locals there can be is metered; with more, refused by name', (t) => {
  const text = (locals: number): string =>
    `(module (func (export "run") (result i32) (local ${i32s(locals)})
      (loop $l (local.set 7 (i32.add (local.get 7) (i32.const 1))) (br_if $l (i32.lt_s (local.get 7) (i32.const 3))))
      (local.get ${locals - 1})))`;
  const round = 'local.get i32.const i32.add local.set local.get i32.const i32.lt_s br_if';
  for (const locals of [1_000, MAX_LOCALS - 10]) {
    const run = sideBySide(fromText(text(locals)), 'run');
    t.equal(run.metered.result, 0, `${locals} locals`);
    t.equal(run.used, fuelOf(`${round} ${round} ${round} local.get`));
  }
  t.throws(() => meter(fromText(text(MAX_LOCALS)), { exceptions: false }), /50000 locals/);
  // The engine takes one more local or none: either it is metered, and valid, or it is refused by name.
  try {
    t.ok(WebAssembly.validate(metered(fromText(text(MAX_LOCALS - 1)))), 'one fewer is metered');
  } catch (error) {
    t.match(error, { name: 'UnsupportedWasm', message: /49999 locals/ }, 'one fewer is refused by name');
  }
  t.end();
});

t.test('functions with all the parameters and results that the engine allows call each other', (t) => {
  const zeros = '(i32.const 0) '.repeat(MAX_PARAMS - 1);
  const text = `(module (table 1 funcref) (elem (i32.const 0) $wide) (type $t (func (param ${i32s(MAX_PARAMS)}) (result ${i32s(MAX_RESULTS)})))
    (func $wide (type $t) ${Array.from({ length: MAX_RESULTS }, (_, i) => `local.get ${i} `).join('')})
    (func $loop (type $t) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      ${Array.from({ length: MAX_RESULTS }, (_, i) => `local.get ${i} `).join('')} call $wide)
    (func $recurs (type $t)
      (if (local.get 0) (then (return (call $recurs (i32.sub (local.get 0) (i32.const 1)) ${'(local.get 1) '.repeat(MAX_PARAMS - 1)}))))
      ${Array.from({ length: MAX_RESULTS }, (_, i) => `local.get ${i} `).join('')})
    (func (export "direct") (result i32) (call $wide (i32.const 5) ${zeros}) ${'drop '.repeat(MAX_RESULTS - 1)})
    (func (export "looping") (result i32) (call $loop (i32.const 3) ${zeros}) ${'drop '.repeat(MAX_RESULTS - 1)})
    (func (export "recursive") (result i32) (call $recurs (i32.const 3) ${zeros}) ${'drop '.repeat(MAX_RESULTS - 1)})
    (func (export "through") (result i32) (call_indirect (type $t) (i32.const 5) ${zeros} (i32.const 0)) ${'drop '.repeat(MAX_RESULTS - 1)}))`;
  const module = fromText(text);
  t.ok(WebAssembly.validate(module), 'the engine takes it');
  for (const name of ['direct', 'looping', 'recursive', 'through']) {
    const run = sideBySide(module, name);
    t.strictSame(run.metered, run.plain, name);
    t.equal(run.used, run.executed, `${name} costs what it executes`);
  }
  t.end();
});

t.test('a function of 50,000 instructions, and one of 50,000 branches, cost what they execute', (t) => {
  const straight = `(module (func (export "run") (param i32) (result i32) (local.get 0) ${'(i32.const 3) i32.xor '.repeat(25_000)}))`;
  const run = sideBySide(fromText(straight), 'run', [5]);
  t.strictSame(run.metered, run.plain);
  t.equal(run.used, fuelOf('local.get i32.const*25000 i32.xor*25000'));
  const branching = `(module (func (export "run") (param i32) (result i32) (local i32)
    ${'(if (i32.and (local.get 0) (i32.const 1)) (then (local.set 1 (i32.add (local.get 1) (i32.const 1)))))'.repeat(10_000)} (local.get 1)))`;
  const branched = sideBySide(fromText(branching), 'run', [5]);
  t.equal(branched.metered.result, 10_000);
  t.equal(branched.used, branched.executed);
  t.end();
});

t.test('blocks nested 5,000 deep, and a br_table of 20,000 targets, cost what they execute', (t) => {
  const blocks = Array.from({ length: 5_000 }, () => [0x02, 0x40]).flat();
  const ends = Array.from({ length: 5_000 }, () => 0x0b);
  // local.get 0, br_if 2500
  const deep = oneFunction([...blocks, 0x20, 0, 0x0d, 0xc4, 0x13, ...ends, 0x41, 1], { params: [I32], results: [I32] });
  for (const argument of [0, 1]) {
    const run = sideBySide(deep, 'run', [argument]);
    t.equal(run.metered.result, 1);
    t.equal(run.used, fuelOf('local.get br_if i32.const'));
  }
  const wide = `(module (func (export "run") (param i32) (result i32)
    (block $a (block $b (br_table ${'$a $b '.repeat(10_000)} $a (local.get 0))) (return (i32.const 5))) (i32.const 6)))`;
  for (const argument of [0, 1, 19_999, -1]) {
    const run = sideBySide(fromText(wide), 'run', [argument]);
    t.strictSame(run.metered, run.plain);
    t.equal(run.used, run.executed);
  }
  t.end();
});

t.test('a module of 10,000 functions, exports and types is metered', (t) => {
  const functions = Array.from({ length: 10_000 }, (_, i) => `(func (export "f${i}") (result i32) (i32.const ${i}))`);
  const account = meteredInstance(fromText(`(module ${functions.join('\n')})`), {}, {});
  t.equal(outcomeOf(account.exports, 'f9999', []).result, 9_999);
  t.equal(account.used, fuelOf('i32.const'));
  t.end();
});

/** loop { local 0 -= 1; if (local 0 & 1) continue; memory[local 0] = local 0 }; if (local 0) { f(local 0) } */
const PIECE = [
  0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x41, 1, 0x71, 0x0d, 0, 0x20, 0, 0x20, 0, 0x36, 2, 16, 0x0b, 0x20, 0,
  0x04, 0x40, 0x20, 0, 0x10, 0, 0x0b,
];

/** A module of about this many bytes: functions of loops, branches, stores and calls. */
function large(bytes: number): Uint8Array {
  const code = Array.from({ length: 120 }, () => PIECE).flat();
  return functions(Math.ceil(bytes / code.length), code, { params: [I32], sections: [section(5, [1, 0, 1])] });
}

t.test('a module of 30 MB is metered, in time that grows with its size', (t) => {
  const seconds = (module: Uint8Array): number => {
    const startedAt = performance.now();
    const { length } = meter(module, { exceptions: false }).module;
    const took = (performance.now() - startedAt) / 1_000;
    t.comment(`${(module.length / 1e6).toFixed(1)} MB became ${(length / 1e6).toFixed(1)} MB in ${took.toFixed(2)} s`);
    return took;
  };
  const small = large(3e6);
  t.ok(WebAssembly.validate(meter(small, { exceptions: false }).module), 'what comes out is valid');
  const first = Math.min(seconds(small), seconds(small));
  const last = seconds(large(30e6));
  t.ok(last < first * 40, 'ten times the size takes about ten times as long');
  t.end();
});
