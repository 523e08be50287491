/**
 * Control flow that meters have got wrong elsewhere. The instructions that
 * execute are written out, so that the fuel is known without running anything.
 */
import t from 'tap';
import type { Budget, MeteredInstance } from './metered-module.js';
import { meteredInstance, fuelOf, outcomeOf, sideBySide } from './side-by-side.js';
import { fromText } from './wat.js';

interface Case {
  readonly args?: readonly number[];
  /** The names of what executes. */
  readonly executed: string;
}

type Stating = Pick<typeof t, 'equal' | 'ok' | 'strictSame'>;

/** Each case does the same metered, and its fuel is what is written out. */
function exact(t: Stating, text: string, cases: readonly Case[]): void {
  const module = fromText(text);
  for (const { args = [], executed } of cases) {
    const call = `run(${args.join()})`;
    const run = sideBySide(module, 'run', args);
    t.strictSame(run.metered, run.plain, `${call} does the same`);
    t.equal(run.executed, fuelOf(executed), `${call} executes ${executed}`);
    t.equal(run.used, run.executed, `${call} is charged what it executes`);
  }
}

const LIMIT = 20_000;
const SLICE = 1_000;

/** A run without end is stopped at its limit. */
function stopped(t: Stating, text: string, args: readonly number[] = []): void {
  const account = meteredInstance(fromText(text), {}, { limit: LIMIT, slice: SLICE });
  const { result } = outcomeOf(account.exports, 'run', args);
  t.equal(result, 'RuntimeError: unreachable', 'it is trapped');
  t.ok(account.outOfFuel, 'by its limit');
  t.ok(account.used >= LIMIT && account.used <= LIMIT + SLICE, `it used ${account.used} of ${LIMIT}`);
  t.ok(account.slices <= LIMIT / SLICE + 1, `the host was asked ${account.slices} times`);
}

t.test('an if without else is charged whether it is taken or not', (t) => {
  exact(
    t,
    `(module (func (export "run") (param i32) (result i32)
      (if (local.get 0) (then (local.set 0 (i32.popcnt (local.get 0)))))
      (i32.clz (local.get 0))))`,
    [
      { args: [0], executed: 'local.get if local.get i32.clz' },
      { args: [7], executed: 'local.get if local.get i32.popcnt local.set local.get i32.clz' },
    ],
  );
  t.end();
});

t.test('an else is charged apart from its if, and what follows once', (t) => {
  exact(
    t,
    `(module (func (export "run") (param i32) (result i32)
      (i32.add (i32.const 1)
        (if (result i32) (local.get 0) (then (i32.const 5)) (else (i32.div_s (i32.const 9) (i32.const 2)))))))`,
    [
      { args: [1], executed: 'i32.const local.get if i32.const i32.add' },
      { args: [0], executed: 'i32.const local.get if i32.const i32.const i32.div_s i32.add' },
    ],
  );
  t.end();
});

t.test('every target of a br_table begins a charge of its own: blocks, a loop and the function', (t) => {
  const head = 'local.get i32.const i32.add local.tee local.get i32.add br_table';
  exact(
    t,
    `(module (func (export "run") (param i32) (local i32)
      (loop $again
        (block $b (block $a
          (br_table $a $b 3 $again (i32.add (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0))))
          (local.set 0 (i32.popcnt (local.get 0))) (return))
        (local.set 0 (i32.clz (local.get 0))))))`,
    [
      { args: [-1], executed: `${head} local.get i32.popcnt local.set return` },
      { args: [0], executed: `${head} local.get i32.clz local.set` },
      { args: [1], executed: head },
    ],
  );
  // Twice beyond the end, which goes to the loop, then the first target.
  exact(
    t,
    `(module (func (export "run") (param i32) (local i32)
      (loop $again
        (block $a
          (br_table $a $again (i32.add (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))))))`,
    [{ args: [-3], executed: `${head} ${head} ${head}` }],
  );
  t.end();
});

t.test('a br_if to a loop charges each round', (t) => {
  const round = 'local.get i32.const i32.sub local.tee br_if';
  exact(
    t,
    `(module (func (export "run") (param i32)
      (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`,
    [
      { args: [1], executed: round },
      { args: [1000], executed: Array.from({ length: 1000 }, () => round).join(' ') },
    ],
  );
  t.end();
});

t.test('loops with parameters and results are charged each round, and what follows once', (t) => {
  const round = 'local.get i32.add local.get i32.const i32.sub local.tee br_if';
  exact(
    t,
    `(module (func (export "run") (param i32) (result i32)
      i32.const 3
      loop $l (param i32) (result i32)
        local.get 0 i32.add
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
      end
      i32.popcnt))`,
    [{ args: [4], executed: `i32.const ${round} ${round} ${round} ${round} i32.popcnt` }],
  );
  t.end();
});

t.test('a return in the middle is charged up to there', (t) => {
  exact(
    t,
    `(module (func (export "run") (param i32) (result i32)
      (block (if (local.get 0) (then (return (i32.const 4)))) (local.set 0 (i32.clz (i32.const 2))))
      (i32.ctz (local.get 0))))`,
    [
      { args: [1], executed: 'local.get if i32.const return' },
      { args: [0], executed: 'local.get if i32.const i32.clz local.set local.get i32.ctz' },
    ],
  );
  t.end();
});

t.test('code that cannot be reached costs nothing', (t) => {
  exact(
    t,
    `(module (func (export "run") (param i32) (result i32)
      (block $a (br $a) (drop (i32.div_s (i32.const 1) (i32.const 0))) (loop $l (br $l)) unreachable)
      (block (result i32) (i32.const 1) (return) (i32.add) (if (then (call 0 (i32.const 1)) drop)))))`,
    [{ args: [1], executed: 'br i32.const return' }],
  );
  t.end();
});

t.test('a trap in the middle is never charged less than what executed', (t) => {
  const module = fromText(`(module (func (export "run") (param i32) (result i32)
    (loop $l (br_if $l (i32.lt_s (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100))))
    (i32.div_s (i32.const 1) (i32.const 0))))`);
  const run = sideBySide(module, 'run', [0], { budget: { slice: 50 } });
  t.strictSame(run.metered, run.plain);
  t.ok(run.account.granted >= run.executed, `it executed ${run.executed} and pays ${run.account.granted}`);
  t.ok(run.account.granted <= run.executed + 50, 'at most to the end of its slice');
  t.end();
});

const TAIL_LOOP = `(module (func $f (export "run") (param i32) (result i32)
  (if (i32.eqz (local.get 0)) (then (return (i32.const 7))))
  (return_call $f (i32.sub (local.get 0) (i32.const 1)))))`;

t.test('a loop of tail calls is charged each round', (t) => {
  const round = 'local.get i32.eqz if local.get i32.const i32.sub return_call';
  exact(t, TAIL_LOOP, [
    { args: [0], executed: 'local.get i32.eqz if i32.const return' },
    { args: [3], executed: `${round} ${round} ${round} local.get i32.eqz if i32.const return` },
  ]);
  t.end();
});

t.test('a tail call does not use up the stack', (t) => {
  const account = meteredInstance(fromText(TAIL_LOOP), {}, {});
  t.equal(outcomeOf(account.exports, 'run', [1_000_000]).result, 7);
  t.equal(
    account.used,
    1_000_000 * fuelOf('local.get i32.eqz if local.get i32.const i32.sub return_call') +
      fuelOf('local.get i32.eqz if i32.const return'),
  );
  t.end();
});

t.test('tail calls without end are stopped, to itself, to another, and through a table', (t) => {
  stopped(t, '(module (func $f (export "run") (return_call $f)))');
  stopped(t, '(module (func $f (export "run") (return_call $g)) (func $g (return_call $f)))');
  stopped(
    t,
    `(module (table 1 funcref) (elem (i32.const 0) $f) (type $t (func))
      (func $f (export "run") (return_call_indirect (type $t) (i32.const 0))))`,
  );
  t.end();
});

t.test('recursion without loops is charged, and stopped', (t) => {
  exact(
    t,
    `(module (func $f (export "run") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (i32.const 2)))
        (else (i32.const 1)))))`,
    [
      {
        args: [2],
        executed: `local.get if local.get i32.const i32.sub call local.get if local.get i32.const i32.sub call
          local.get if i32.const i32.const i32.add i32.const i32.add`,
      },
    ],
  );
  stopped(t, '(module (func $f (export "run") (call $f)))');
  stopped(t, '(module (func $f (export "run") (call $g) (call $g)) (func $g (call $f) (call $f)))');
  t.end();
});

t.test('loops without end are stopped, whatever they consist of', (t) => {
  stopped(t, '(module (func (export "run") (loop (br 0))))');
  stopped(t, '(module (func (export "run") (loop (br_if 0 (i32.const 1)))))');
  stopped(t, '(module (func (export "run") (loop (br_table 0 0 (i32.const 1)))))');
  stopped(t, '(module (func $leaf) (func (export "run") (loop (call $leaf) (br 0))))');
  stopped(t, '(module (tag) (func (export "run") (loop (try (do (throw 0)) (catch 0)) (br 0))))');
  stopped(t, '(module (tag) (func (export "run") (loop (try (do (throw 0)) (catch_all (br 1))))))');
  stopped(t, '(module (tag) (func $t (throw 0)) (func (export "run") (loop (try (do (call $t)) (catch 0)) (br 0))))');
  t.end();
});

t.test('calls in a straight line cannot outrun the limit', (t) => {
  // Neither a loop nor recursion: 10^9 instructions by calls alone.
  const level = (name: string, callee: string): string => `(func ${name} ${`(call ${callee})`.repeat(1000)})`;
  const leaf = `(func $leaf ${'(global.set 0 (i32.add (global.get 0) (i32.const 1)))'.repeat(300)})`;
  const text = `(module (global (mut i32) (i32.const 0)) ${leaf} ${level('$one', '$leaf')} ${level('$two', '$one')}
    (func (export "run") (call $two)))`;
  const limit = 1_000_000;
  const account = meteredInstance(fromText(text), {}, { limit, slice: limit });
  t.equal(outcomeOf(account.exports, 'run', []).result, 'RuntimeError: unreachable');
  t.ok(account.outOfFuel);
  t.ok(account.used < 2 * limit, `it used ${account.used} of ${limit}: at most a slice more`);
  t.end();
});

t.test('what the host calls back is charged with the rest', (t) => {
  const module = fromText(`(module (import "h" "back" (func $back (param i32)))
    (func $f (export "run") (param i32)
      (if (local.get 0) (then (call $back (i32.sub (local.get 0) (i32.const 1))) (drop (i32.clz (i32.const 1))))))
    (func (export "spin") (loop (br 0))))`);
  const run = (budget: Budget = {}): MeteredInstance => {
    const back = (count: number): unknown => (account.exports['run'] as (count: number) => unknown)(count);
    const account: MeteredInstance = meteredInstance(module, { h: { back } }, budget);
    return account;
  };
  const account = run();
  outcomeOf(account.exports, 'run', [3]);
  const level = 'local.get if local.get i32.const i32.sub call i32.const i32.clz drop';
  t.equal(account.used, fuelOf(`${level} ${level} ${level} local.get if`));
  const limited = run({ limit: 30, slice: 10 });
  t.equal(outcomeOf(limited.exports, 'run', [100]).result, 'RuntimeError: unreachable', 'and to the same limit');
  t.ok(limited.outOfFuel);
  t.end();
});

t.test('a call_indirect to an import is charged as any other, and what comes back goes on counting', (t) => {
  const module =
    fromText(`(module (import "h" "f" (func $f (param i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $f)
    (type $t (func (param i32) (result i32)))
    (func (export "run") (result i32) (i32.clz (call_indirect (type $t) (i32.const 5) (i32.const 0)))))`);
  const account = meteredInstance(module, { h: { f: (x: number) => x + 1 } }, {});
  t.equal(outcomeOf(account.exports, 'run', []).result, 29);
  t.equal(account.used, fuelOf('i32.const i32.const call_indirect i32.clz'));
  t.end();
});

t.test(
  'exceptions as control flow are charged exactly: caught, rethrown, delegated, and by what is beyond calls',
  (t) => {
    const thrower = '(func $throw (param i32) (if (local.get 0) (then (throw $e (local.get 0)))))';
    const called = 'local.get if';
    exact(
      t,
      `(module (tag $e (param i32)) ${thrower} (func (export "run") (param i32) (result i32)
      (try (result i32)
        (do (call $throw (local.get 0)) (i32.clz (i32.const 1)))
        (catch $e (i32.popcnt)))))`,
      [
        { args: [0], executed: `local.get call ${called} i32.const i32.clz` },
        { args: [3], executed: `local.get call ${called} local.get throw i32.popcnt` },
      ],
    );
    exact(
      t,
      `(module (tag $e (param i32)) ${thrower} (func (export "run") (param i32) (result i32)
      (try (result i32)
        (do (try (result i32)
          (do (call $throw (local.get 0)) (i32.const 1))
          (catch_all (local.set 0 (i32.clz (i32.const 2))) (rethrow 0))))
        (catch $e (i32.popcnt)))))`,
      [
        {
          args: [3],
          executed: `local.get call ${called} local.get throw i32.const i32.clz local.set rethrow i32.popcnt`,
        },
      ],
    );
    exact(
      t,
      `(module (tag $e (param i32)) ${thrower} (func (export "run") (param i32) (result i32)
      (try $outer (result i32)
        (do (try (result i32)
          (do (try (do (call $throw (local.get 0))) (delegate $outer)) (i32.const 1))
          (catch_all (i32.const 100))))
        (catch $e (i32.popcnt)))))`,
      [
        { args: [0], executed: `local.get call ${called} i32.const` },
        { args: [3], executed: `local.get call ${called} local.get throw i32.popcnt` },
      ],
    );
    exact(
      t,
      `(module (tag $e (param i32)) ${thrower}
      (func $between (param i32) (call $throw (local.get 0)) (local.set 0 (i32.clz (local.get 0))))
      (func (export "run") (param i32) (result i32)
        (try (do (call $between (local.get 0))) (catch_all)) (i32.const 5)))`,
      [
        { args: [0], executed: `local.get call local.get call ${called} local.get i32.clz local.set i32.const` },
        { args: [3], executed: `local.get call local.get call ${called} local.get throw i32.const` },
      ],
    );
    t.end();
  },
);

t.test('what the host throws can be caught, and the fuel is what was executed', (t) => {
  const module = fromText(`(module (import "h" "f" (func $f)) (func (export "run") (result i32)
    (try (result i32) (do (call $f) (i32.clz (i32.const 1))) (catch_all (i32.const 5)))))`);
  const f = (): void => {
    throw new Error('no');
  };
  const account = meteredInstance(module, { h: { f } }, {});
  t.equal(outcomeOf(account.exports, 'run', []).result, 5);
  t.equal(account.used, fuelOf('call i32.const'));
  t.end();
});

t.test('no handler of the guest catches the end of its fuel', (t) => {
  stopped(t, `(module (func (export "run") (loop $l (try (do (loop (br 0))) (catch_all (br $l))))))`);
  stopped(
    t,
    `(module (func $spin (loop (br 0))) (func (export "run") (loop $l (try (do (call $spin)) (catch_all (br $l))))))`,
  );
  t.end();
});

/** Calls 20 deep that end by an exception, caught within the module or not. */
const DEEP_THROWS = (thrown: string): Uint8Array =>
  fromText(`(module (import "h" "f" (func $f)) (tag $e)
    (func $deeper (param i32)
      (if (local.get 0) (then (call $deeper (i32.sub (local.get 0) (i32.const 1))) (return)))
      ${thrown})
    (func (export "run") (param i32) (result i32) (local i32)
      (loop $l
        (try (do (call $deeper (i32.const 20))) (catch_all (local.set 1 (i32.add (local.get 1) (i32.const 1)))))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1))
    (func (export "throws") (call $deeper (i32.const 20))))`);

const refuse = (): void => {
  throw new Error('no');
};

t.test('however often exceptions are caught, calls may nest as deep as before', (t) => {
  for (const thrown of ['(throw $e)', '(call $f)']) {
    const account = meteredInstance(DEEP_THROWS(thrown), { h: { f: refuse } }, {});
    t.equal(outcomeOf(account.exports, 'run', [5_000]).result, 5_000, thrown);
    t.notOk(account.tooDeep);
  }
  t.end();
});

t.test('however often exceptions leave the module, calls may nest as deep as before', (t) => {
  for (const thrown of ['(throw $e)', '(call $f)']) {
    const account = meteredInstance(DEEP_THROWS(thrown), { h: { f: refuse } }, {});
    for (let i = 0; i < 5_000; i++) outcomeOf(account.exports, 'throws', []);
    t.equal(outcomeOf(account.exports, 'run', [10]).result, 10, thrown);
    t.notOk(account.tooDeep);
  }
  t.end();
});

t.test('recursion without end ends before the stack does, however large its frames are', (t) => {
  const frame = (locals: number): string =>
    `(module (func $f (export "run") (param i32) (result i32) (local ${'i64 '.repeat(locals)})
      (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))`;
  for (const locals of [0, 10, 1_000, 10_000]) {
    const account = meteredInstance(fromText(frame(locals)), {}, {});
    t.match(outcomeOf(account.exports, 'run', [0]).result, /unreachable|RangeError/, `${locals} locals`);
  }
  t.end();
});
