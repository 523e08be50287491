/** Instructions whose cost is their size, at the sizes where they are split and beyond where they end. */
import t from 'tap';
import { meteredInstance, fuelOf, outcomeOf, sideBySide } from './side-by-side.js';
import { costOfBytes, ENTRY_COST, PAGE_COST } from './reference/published-costs.js';
import { fromText } from './wat.js';

const MiB = 1024 * 1024;

/** No two pieces of it are alike, so that one that is copied twice, or too late, is seen. */
const PATTERN = Array.from({ length: 200_000 }, (_, i) => {
  const byte = (Math.imul(i, 0x9e3779b1) >>> 24).toString(16);
  return `\\${byte.padStart(2, '0')}`;
}).join('');

/** 4 MiB of memory, a pattern at its beginning, and each instruction that works on a range of it. */
const MEMORY = fromText(`(module (memory (export "memory") 64) (data (i32.const 3) "${PATTERN}") (data $d "0123456789")
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (data.drop $d)))`);

const THREE = 'local.get*3';

t.test('memory.fill and memory.copy of any size do the same, and cost their bytes', (t) => {
  for (const count of [0, 1, 7, 8, 65_535, 65_536, 65_537, 131_072, 196_609, 4 * MiB - 40]) {
    for (const [name, ...args] of [
      ['fill', 33, 0x1ab, count],
      ['copy', 40, 0, count],
      ['copy', 0, 40, count],
      ['copy', 5, 5, count],
      ['copy', 0, 1, count],
      ['copy', 1, 0, count],
    ] as const) {
      const run = sideBySide(MEMORY, name, args, { budget: { slice: 5_000 } });
      t.strictSame(run.metered, run.plain, `${name}(${args.join()})`);
      t.equal(
        run.used,
        fuelOf(`${THREE} memory.${name}`) + costOfBytes(count),
        `${name}(${args.join()}) costs its bytes`,
      );
    }
  }
  t.end();
});

t.test('beyond the end of memory nothing is written, and the trap is the same', (t) => {
  for (const [name, ...args] of [
    ['fill', 4 * MiB, 1, 1],
    ['fill', 1, 1, 4 * MiB],
    ['fill', 0, 1, -1],
    ['fill', -1, 1, 0],
    ['fill', -1, 1, -1],
    ['fill', 4 * MiB - 65_536, 1, 65_537],
    ['copy', 0, 1, 4 * MiB],
    ['copy', 1, 0, 4 * MiB],
    ['copy', 0, -1, 1],
    ['copy', -65_536, 0, 65_537],
    ['copy', 0, 0, -1],
    ['init', 0, 0, 11],
    ['init', 0, 10, 1],
    ['init', 0, -1, 1],
    ['init', 4 * MiB, 0, 1],
    ['init', 0, 0, -1],
  ] as const) {
    const run = sideBySide(MEMORY, name, args);
    t.strictSame(run.metered, run.plain, `${name}(${args.join()})`);
    t.match(run.metered.result, /out of bounds/);
    t.ok(run.account.granted >= run.executed, 'and it is paid for');
  }
  for (const [name, ...args] of [
    ['fill', 4 * MiB, 1, 0],
    ['copy', 4 * MiB, 4 * MiB, 0],
    ['init', 4 * MiB, 10, 0],
  ] as const) {
    t.equal(sideBySide(MEMORY, name, args).metered.result, undefined, `${name}(${args.join()}) is within bounds`);
  }
  t.end();
});

t.test('memory.init costs its bytes, and a segment that is dropped is empty', (t) => {
  for (const count of [0, 1, 8, 10]) {
    const run = sideBySide(MEMORY, 'init', [70_000, 10 - count, count]);
    t.strictSame(run.metered, run.plain, `${count} bytes`);
    t.equal(run.used, fuelOf(`${THREE} memory.init`) + costOfBytes(count));
  }
  const account = meteredInstance(MEMORY, {}, {});
  outcomeOf(account.exports, 'drop', []);
  t.match(outcomeOf(account.exports, 'init', [0, 0, 1]).result, /out of bounds/);
  t.equal(outcomeOf(account.exports, 'init', [0, 0, 0]).result, undefined);
  t.end();
});

t.test('a loop of large ranges is looked at between their pieces', (t) => {
  const text = `(module (memory 256) (func (export "run")
    (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 16777216)) (br $l))))`;
  const piece = costOfBytes(65_536);
  const account = meteredInstance(fromText(text), {}, { limit: 100_000, slice: 1_000 });
  t.equal(outcomeOf(account.exports, 'run', []).result, 'RuntimeError: unreachable');
  t.ok(account.used <= 100_000 + piece, `it used ${account.used}: at most a piece of ${piece} more`);
  t.ok(account.slices > 5, `the host was asked ${account.slices} times`);
  t.end();
});

const GROWING = fromText(`(module (memory (export "memory") 1 9)
  (func (export "run") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size)))`);

t.test('memory.grow costs the attempt, and the pages that are gained', (t) => {
  const attempt = fuelOf('local.get memory.grow');
  for (const pages of [0, 1, 8]) {
    const run = sideBySide(GROWING, 'run', [pages]);
    t.strictSame(run.metered, run.plain, `${pages} pages`);
    t.equal(run.used, attempt + pages * PAGE_COST);
  }
  for (const pages of [9, 65_536, -1]) {
    const run = sideBySide(GROWING, 'run', [pages]);
    t.strictSame(run.metered, run.plain, `${pages} pages are too many`);
    t.equal(run.metered.result, -1);
    t.equal(run.used, attempt, 'and what is not gained costs nothing');
  }
  t.end();
});

t.test('a host that refuses is seen by the guest as memory.grow failing', (t) => {
  const asked: unknown[] = [];
  const mayGrow = (space: number, count: number): boolean => asked.push([space, count]) > 1;
  const account = meteredInstance(GROWING, {}, { mayGrow });
  t.equal(outcomeOf(account.exports, 'run', [3]).result, -1);
  t.equal(account.used, fuelOf('local.get memory.grow'));
  t.equal(outcomeOf(account.exports, 'size', []).result, 1);
  t.equal(outcomeOf(account.exports, 'run', [-1]).result, -1);
  t.strictSame(asked, [
    [0, 3],
    [0, 4_294_967_295],
  ]);
  t.end();
});

const TABLE =
  fromText(`(module (table $t (export "t") 100 120 funcref) (table $x 100 externref) (func $f) (elem $e func $f $f $f)
  (func (export "fill") (param i32 i32) (table.fill $t (local.get 0) (ref.func $f) (local.get 1)))
  (func (export "copy") (param i32 i32 i32) (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (table.init $t $e (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i32) (result i32) (table.grow $t (ref.func $f) (local.get 0)))
  (func (export "growForeign") (param externref i32) (result i32) (table.grow $x (local.get 0) (local.get 1)))
  (func (export "size") (result i32) (table.size $t)))`);

t.test('table instructions cost their entries', (t) => {
  for (const [name, prefix, ...args] of [
    ['fill', 'local.get ref.func local.get', 5, 90],
    ['fill', 'local.get ref.func local.get', 100, 0],
    ['copy', THREE, 0, 1, 99],
    ['copy', THREE, 1, 0, 99],
    ['init', THREE, 97, 0, 3],
    ['init', THREE, 100, 3, 0],
  ] as const) {
    const run = sideBySide(TABLE, name, args);
    t.equal(run.metered.result, undefined, `${name}(${args.join()})`);
    t.equal(run.used, fuelOf(`${prefix} table.${name}`) + ENTRY_COST * (args.at(-1) ?? 0));
    t.equal(run.used, run.executed);
  }
  for (const [name, ...args] of [
    ['fill', 99, 2],
    ['fill', 0, -1],
    ['fill', -1, 1],
    ['copy', 0, 1, 100],
    ['copy', 0, 0, -1],
    ['init', 98, 0, 3],
    ['init', 0, 1, 3],
    ['init', 0, 0, -1],
  ] as const) {
    const run = sideBySide(TABLE, name, args);
    t.strictSame(run.metered, run.plain, `${name}(${args.join()}) is out of bounds`);
    t.match(run.metered.result, /out of bounds/);
  }
  t.end();
});

t.test('table.grow costs the attempt, and the entries that are gained', (t) => {
  const attempt = fuelOf('ref.func local.get table.grow');
  for (const [count, gained] of [
    [0, 0],
    [20, 20],
    [21, 0],
    [-1, 0],
  ] as const) {
    const run = sideBySide(TABLE, 'grow', [count]);
    t.strictSame(run.metered, run.plain, `${count} entries`);
    t.equal(run.used, attempt + gained * ENTRY_COST);
  }
  const asked: unknown[] = [];
  const mayGrow = (space: number, count: number): boolean => asked.push([space, count]) === 0;
  const account = meteredInstance(TABLE, {}, { mayGrow });
  t.equal(outcomeOf(account.exports, 'grow', [1]).result, -1);
  t.equal(outcomeOf(account.exports, 'growForeign', ['x', 2]).result, -1);
  t.equal(outcomeOf(account.exports, 'size', []).result, 100);
  t.strictSame(asked, [
    [0x10000, 1],
    [0x10001, 2],
  ]);
  t.end();
});

t.test('segments cost nothing when an instance is made: their size is the module’s', (t) => {
  const data = `(data (i32.const 0) "${'x'.repeat(60_000)}")`;
  const elements = `(table 5000 funcref) (elem (i32.const 0) func ${'$f '.repeat(5_000)})`;
  const account = meteredInstance(fromText(`(module (memory 1) ${data} (func $f) ${elements})`), {}, {});
  t.equal(account.used, 0);
  t.end();
});

t.test('a start function runs under the same account, and is stopped if it does not end', (t) => {
  const account = meteredInstance(
    fromText('(module (global (mut i32) (i32.const 0)) (func $s (global.set 0 (i32.clz (i32.const 1)))) (start $s))'),
    {},
    {},
  );
  t.equal(account.used, fuelOf('i32.const i32.clz global.set'));
  const spin = fromText('(module (func $s (loop (br 0))) (start $s))');
  t.throws(() => meteredInstance(spin, {}, { limit: 1_000, slice: 100 }), /unreachable/);
  t.end();
});
