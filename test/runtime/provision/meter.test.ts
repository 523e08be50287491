import { createHash } from 'node:crypto';
import t from 'tap';
import { FUEL_PER_PAGE } from '../../../runtime/provision/meter/costs.js';
import { meter } from '../../../runtime/provision/meter/meter.js';
import { UnsupportedWasm } from '../../../runtime/provision/wasm/module-info.js';
import { counted, fromText, toText } from './counted.js';
import { generate } from './generate.js';

const PLENTY = 2_000_000_000;

interface Ran {
  readonly result: unknown;
  readonly memory: string | undefined;
  readonly fuel: number;
}

function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function callExport(instance: WebAssembly.Instance, name: string, args: readonly number[]): unknown {
  const exported = instance.exports[name] as unknown as (...args: readonly number[]) => unknown;
  return exported(...args);
}

function memoryHash(instance: WebAssembly.Instance): string | undefined {
  const memory = instance.exports['memory'];
  if (!(memory instanceof WebAssembly.Memory)) return undefined;
  return createHash('sha256').update(new Uint8Array(memory.buffer)).digest('hex');
}

function runMetered(
  module: Uint8Array,
  name: string,
  args: number[],
  options: { exceptions?: boolean; slice?: number; limit?: number } = {},
): Ran & { slices: number } {
  const { module: metered } = meter(module, { exceptions: options.exceptions ?? false });
  let granted = options.slice ?? PLENTY;
  let slices = 0;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(metered), {
    'sterna:meter': {
      slice: (counter: number) => {
        slices++;
        if (granted - counter > (options.limit ?? PLENTY)) return -1;
        const next = Math.min(options.slice ?? PLENTY, (options.limit ?? PLENTY) - (granted - counter));
        granted += next - counter;
        return next;
      },
      grow: () => 1,
    },
  });
  const fuel = instance.exports['sterna:fuel'] as WebAssembly.Global<number>;
  fuel.value = granted;
  const result = attempt(() => callExport(instance, name, args));
  return { result, memory: memoryHash(instance), fuel: granted - fuel.value, slices };
}

function runCounted(module: Uint8Array, name: string, args: number[]): Ran {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(counted(module)), {});
  const result = attempt(() => callExport(instance, name, args));
  return {
    result,
    memory: memoryHash(instance),
    fuel: Number((instance.exports['counted'] as WebAssembly.Global<bigint>).value),
  };
}

void t.test('fuel is the sum of the costs of executed instructions, over generated modules', async (t) => {
  let completed = 0;
  let trapped = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const module = fromText(generate(seed));
    for (const argument of [0, 7]) {
      const expected = runCounted(module, 'run', [argument]);
      const actual = runMetered(module, 'run', [argument]);
      if (actual.result !== expected.result || actual.memory !== expected.memory) {
        t.fail(`seed ${seed}, argument ${argument}: the metered module behaves differently`, { expected, actual });
      }
      if (typeof expected.result === 'number') {
        completed++;
        if (actual.fuel !== expected.fuel)
          t.fail(`seed ${seed}, argument ${argument}: fuel ${actual.fuel}, executed ${expected.fuel}`);
      } else {
        trapped++;
      }
    }
  }
  t.ok(completed > 400 && trapped > 10, `${completed} runs completed and ${trapped} trapped, all alike`);
});

void t.test('slices change nothing: neither result nor the fuel of what completes', async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const module = fromText(generate(seed));
    const whole = runMetered(module, 'run', [3]);
    const sliced = runMetered(module, 'run', [3], { slice: 50 });
    const completed = typeof whole.result === 'number';
    t.same(
      [sliced.result, sliced.memory, completed && sliced.fuel],
      [whole.result, whole.memory, completed && whole.fuel],
      `seed ${seed}`,
    );
  }
});

const CONTROL = `(module
  (table 2 funcref) (elem (i32.const 0) $leaf $fib)
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "two") (param i32) (result i32 i32) (local i32)
    (loop $l (br_if 1 (local.get 1) (local.get 0) (i32.gt_s (local.get 1) (local.get 0))) drop drop
      (local.set 1 (i32.add (local.get 1) (i32.const 3))) (br $l)) unreachable)
  (func (export "table") (param i32) (result i32) (local i32)
    (block $a (block $b (block $c (br_table $a $b $c (local.get 0))) (local.set 1 (i32.const 1)) (br $a)) (local.set 1 (i32.const 2)))
    (call_indirect (param i32) (result i32) (local.get 1) (i32.const 0)))
  (func (export "out") (param i32) (local i32)
    (loop $l (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if $l (i32.lt_s (local.get 1) (i32.const 3)))
      (block $a (br_table $a 2 (local.get 0))) (local.set 1 (i32.const 9))))
  (func (export "ifOnly") (param i32) (result i32) (local i32)
    (if (local.get 0) (then (local.set 1 (i32.const 5)) (if (i32.gt_s (local.get 0) (i32.const 3)) (then (return (i32.const 9)))))) (local.get 1))
  (func (export "spin") (loop (br 0)))
  (func $deep (export "deep") (param i32) (result i32) (call $deep (local.get 0)))
)`;

const CALLS: readonly (readonly [string, number])[] = [
  ['fib', 12],
  ['two', 10],
  ['table', 0],
  ['table', 1],
  ['table', 2],
  ['out', 0],
  ['out', 1],
  ['ifOnly', 0],
  ['ifOnly', 1],
  ['ifOnly', 4],
];

void t.test('control flow that meters have got wrong is charged exactly', async (t) => {
  const module = fromText(CONTROL);
  for (const [name, ...args] of CALLS) {
    const expected = runCounted(module, name, args);
    const actual = runMetered(module, name, args);
    t.same(actual.result, expected.result, `${name}(${args.join()}) gives the same`);
    t.equal(actual.fuel, expected.fuel, `${name}(${args.join()}) costs what it executes`);
  }
});

void t.test('a loop and a recursion without end are stopped, within one look of their limit', async (t) => {
  const spin = runMetered(fromText(CONTROL), 'spin', [], { slice: 1000, limit: 10_000 });
  t.match(spin.result, /unreachable/);
  t.ok(spin.slices <= 10, `the host was asked ${spin.slices} times for 10 slices`);
  const deep = runMetered(fromText(CONTROL), 'deep', [1], { slice: 100, limit: 1_000 });
  t.match(deep.result, /unreachable/);
});

void t.test('memory instructions are charged by size and split, and do what they did', async (t) => {
  const module = fromText(`(module (memory (export "memory") 4) (data $d "abcdef")
    (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 7) (local.get 1)))
    (func (export "copy") (param i32 i32 i32) (i32.store8 (i32.const 70000) (i32.const 3)) (i32.store8 (i32.const 5) (i32.const 4)) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "init") (param i32 i32) (memory.init $d (local.get 0) (i32.const 0) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);
  const sizes: [string, ...number[]][] = [
    ['fill', 0, 0],
    ['fill', 10, 800],
    ['fill', 0, 65_536],
    ['fill', 1, 65_537],
    ['fill', 0, 262_144],
    ['fill', 1, 262_144],
    ['fill', 4_000_000_000, 900],
    ['copy', 0, 100, 50],
    ['copy', 3, 0, 200_000],
    ['copy', 0, 3, 200_000],
    ['copy', 1, 0, 262_144],
    ['init', 9, 6],
    ['init', 9, 7],
  ];
  for (const [name, ...args] of sizes) {
    const expected = runCounted(module, name, args);
    const actual = runMetered(module, name, args, { slice: 3_000 });
    t.same([actual.result, actual.memory], [expected.result, expected.memory], `${name}(${args.join()}) does the same`);
    const bytes = args.at(-1) ?? 0;
    const charged = actual.fuel - expected.fuel;
    t.ok(
      expected.result !== undefined || Math.abs(charged - bytes / 8) <= 8,
      `${name}(${args.join()}) costs ${charged} for its size`,
    );
  }
  const grown = runMetered(module, 'grow', [3]);
  t.equal(grown.result, 4);
  t.equal(grown.fuel, runCounted(module, 'grow', [3]).fuel + 3 * FUEL_PER_PAGE);
  const refused = runMetered(module, 'grow', [70_000]);
  t.equal(refused.result, -1);
  t.equal(refused.fuel, runCounted(module, 'grow', [70_000]).fuel);
});

void t.test('exceptions as control flow are charged exactly', async (t) => {
  const module = fromText(`(module (tag $e (param i32))
    (func $thrower (param i32) (if (i32.gt_s (local.get 0) (i32.const 2)) (then (throw $e (local.get 0)))) )
    (func (export "run") (param i32) (result i32) (local i32 i32)
      (loop $l
        (try (do (call $thrower (local.get 1)) (local.set 2 (i32.add (local.get 2) (i32.const 1))))
          (catch $e (local.set 2 (i32.add (local.get 2)))))
        (local.set 1 (i32.add (local.get 1) (i32.const 1)))
        (br_if $l (i32.lt_s (local.get 1) (local.get 0))))
      (local.get 2)))`);
  const expected = runCounted(module, 'run', [6]);
  const actual = runMetered(module, 'run', [6], { exceptions: true });
  t.same(actual.result, expected.result);
  t.equal(actual.fuel, expected.fuel);
  t.ok(meter(module, { exceptions: false }).catches);
});

void t.test('the start function runs only when the host says so', async (t) => {
  const { module } = meter(
    fromText('(module (memory 1) (func $s (i32.store (i32.const 0) (i32.const 1))) (start $s))'),
    { exceptions: false },
  );
  const kinds = WebAssembly.Module.exports(new WebAssembly.Module(module)).map(({ name }) => name);
  t.same(kinds, ['sterna:fuel', 'sterna:start']);
  t.notMatch(toText(module), /\(start/);
});

void t.test('modules with nothing in them, or everything imported, are still modules', async (t) => {
  const texts = [
    '(module)',
    '(module (import "a" "m" (memory 1)) (import "a" "t" (table 1 funcref)) (import "a" "g" (global (mut i32))) (import "a" "f" (func)) (export "f" (func 0)) (elem (i32.const 0) 0))',
    '(module (func) (func) (elem declare func 0 1) (global funcref (ref.func 1)) (func (export "r") (result funcref) (ref.func 0)))',
    '(module (func $a) (table 3 funcref) (elem (i32.const 1) funcref (ref.func $a) (ref.null func)))',
  ];
  for (const text of texts) t.ok(WebAssembly.validate(meter(fromText(text), { exceptions: false }).module), text);
});

void t.test('debug names follow their functions', async (t) => {
  const { module } = meter(
    fromText('(module (func $first (param $x i32)) (func $second (call $first (i32.const 1))))'),
    { exceptions: false },
  );
  t.match(toText(module), /\(func \$first[\s\S]*\(func \$second[\s\S]*call 2/);
});

void t.test('what cannot be metered is refused by name', async (t) => {
  const atomic = fromText('(module (memory 1))');
  t.ok(meter(atomic, { exceptions: false }));
  const reserved = fromText('(module (func (export "sterna:fuel")))');
  t.throws(() => meter(reserved, { exceptions: false }), new UnsupportedWasm('the reserved name "sterna:fuel"'));
  const locals = fromText(`(module (func ${'(local i32)'.repeat(50_000)} (loop (br 0))))`);
  t.throws(() => meter(locals, { exceptions: false }), /50000 locals/);
});
