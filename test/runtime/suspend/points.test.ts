/** Where a run stands still and where it does not, and what it finds when it goes on. */
import { t } from 'tap';
import { DEFAULT_LIMITS } from '../../../runtime/index.js';
import { GET, HANDLE, NAMES, OPEN, OPENED, PUBLISH, RANDOM, times } from '../guest-calls.js';
import { taskComponent, type CoreParts } from '../wat-component.js';
import { outside, prepared, run, type Came } from './stepping.js';
import type { Points } from '../../../runtime/provision/suspend/points.js';

const MANIFEST = {
  limits: { ...DEFAULT_LIMITS, fuel: 1e10 },
  grants: { publish: ['out'], buckets: { default: { id: 'b', access: 'read-write' } } },
  config: {},
  subjects: 'verbatim',
};
const task = { manifest: MANIFEST as never };

const OFFER = '(import "sterna:task/checkpoint@0.1.0" "offer" (func $offer (param f64)))';
const DROP = '(import "wasi:keyvalue/store@0.2.0-draft" "[resource-drop]bucket" (func $drop (param i32)))';
const CLOCK = '(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))';

/** Publishes `bytes` bytes at `at`, and leaves 0 at address 0, where the answer is. */
const published = (at: number, bytes: number): string => `
  (i64.store (i32.const 64) (i64.const 0x740075006f)) ;; "out" in UTF-16
  (call $publish (i32.const 64) (i32.const 3) (i32.const ${at}) (i32.const ${bytes}) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 128))
  (i64.store (i32.const 0) (i64.const 0))`;

/** Takes so many rounds. */
const busy = (rounds: number): string => times(rounds, '(call $nothing)');
const NOTHING = '(func $nothing)';

async function steps(parts: CoreParts, points: Points = 'all', sliceFuel = 500): Promise<{ whole: Came; moved: Came }> {
  return prepared(await taskComponent(parts), points, (p) => {
    const whole = run(p, { task, sliceFuel });
    return { whole, moved: run(p, { task, sliceFuel, wish: () => 'leave' }) };
  });
}

t.test('calls in flight, through a table and many frames deep, are put away and brought back', async (t) => {
  const { whole, moved } = await steps({
    imports: PUBLISH,
    fields: `(type $f (func (param i32 i64 f64) (result f64)))
      (table 2 funcref) (elem (i32.const 0) $even $odd)
      (func $even (type $f) (call $step (local.get 0) (local.get 1) (local.get 2) (i32.const 1)))
      (func $odd (type $f) (f64.add (f64.const 0.5) (call $step (local.get 0) (local.get 1) (local.get 2) (i32.const 0))))
      (func $step (param $n i32) (param $sum i64) (param $x f64) (param $next i32) (result f64)
        (if (result f64) (local.get $n)
          (then (f64.add (f64.convert_i64_u (local.get $sum))
            (call_indirect (type $f)
              (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $sum) (i64.const 0x100000001))
              (f64.mul (local.get $x) (f64.const 1.0009765625)) (local.get $next))))
          (else (local.get $x))))`,
    body: `(f64.store (i32.const 256) (call $even (i32.const 2000) (i64.const 7) (f64.const 1)))${published(256, 8)}`,
  });
  t.equal(whole.ending, '{"type":"returned"}');
  t.ok(moved.stops > 100, `it stood still ${moved.stops} times`);
  t.same(outside(moved), outside(whole));
});

t.test('memory that has grown is as long elsewhere, and grows on', async (t) => {
  const { whole, moved } = await steps({
    imports: PUBLISH,
    fields: `${NOTHING} (func $grow (local $i i32)
      ${times(
        5,
        `(i32.store8 (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 3)) (local.get $i))
        (drop (memory.grow (i32.const 1))) (call $more)`,
      )})
      (func $more (local $i i32) ${busy(100)})`,
    body: `(call $grow) (i32.store (i32.const 256) (memory.size)) ${published(256, 4)}`,
  });
  t.equal(Math.floor(whole.memoryBytes / 65_536), 6);
  t.ok(moved.stops >= 5, `it stood still ${moved.stops} times`);
  t.same(outside(moved), outside(whole));
});

t.test('clock and random numbers go on where they were', async (t) => {
  const { whole, moved } = await steps({
    imports: `${PUBLISH} ${RANDOM} ${CLOCK}`,
    realloc: '(i32.const 1024)',
    fields: `${NOTHING} (func $draw (local $i i32)
      (call $random (i64.const 6) (i32.const 512)) (i64.store (i32.const 256) (i64.load (i32.const 1024)))
      (i64.store (i32.const 272) (call $now))
      ${busy(200)}
      (call $random (i64.const 6) (i32.const 512)) (i64.store (i32.const 264) (i64.load (i32.const 1024)))
      (i64.store (i32.const 280) (call $now)))`,
    body: `(call $draw) ${published(256, 32)}`,
  });
  t.ok(moved.stops > 0);
  t.same(outside(moved), outside(whole));
});

t.test('a run that holds a handle goes on until it has given it back', async (t) => {
  const held = {
    imports: `${OPEN} ${GET} ${DROP}`,
    fields: `${NAMES} ${NOTHING} (func $work (local $i i32) ${busy(300)})`,
  };
  const { moved: holding } = await steps({ ...held, body: `${OPENED} (call $work) (call $drop ${HANDLE})` });
  t.equal(holding.ending, '{"type":"returned"}');
  t.equal(holding.stops, 1, 'on entry, before it holds one');
  const { whole, moved } = await steps({ ...held, body: `${OPENED} (call $drop ${HANDLE}) (call $work)` });
  t.ok(moved.stops > 0, `it stood still ${moved.stops} times`);
  t.same(outside(moved), outside(whole));
});

t.test('a run does not stand still while the host has the guest allocate', async (t) => {
  const { whole, moved } = await steps({
    imports: RANDOM,
    fields: `${NOTHING} (func $work (local $i i32) ${busy(300)})
      (func $draw (call $random (i64.const 6) (i32.const 512)))`,
    realloc: '(call $work) (i32.const 1024)',
    body: '(call $draw)',
  });
  t.equal(whole.ending, '{"type":"returned"}');
  t.ok(moved.stops <= 2, `it stood still ${moved.stops} times: before and after`);
  t.ok(whole.fuel > 3 * 300);
  t.same(outside(moved), outside(whole));
});

t.test('an offer is a point of execution, wherever others are', async (t) => {
  const offers = { imports: OFFER, body: '(call $offer (f64.const 0.5)) (call $offer (f64.const 7))' };
  const { whole, moved } = await steps(offers, 'calls', 1_000_000);
  t.equal(moved.stops, 3, 'on entry, and at each offer');
  t.same(outside(moved), outside(whole));
});

t.test('the innermost loops are no points, unless all places are', async (t) => {
  const fields = `(func $count (local $i i32)
    (loop $next (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5000)))))`;
  const { moved: all } = await steps({ fields, body: '(call $count)' });
  const { moved: loops } = await steps({ fields, body: '(call $count)' }, 'loops');
  t.ok(all.stops > 10, `it stood still ${all.stops} times`);
  t.equal(loops.stops, 1, 'on entry');
  t.equal(loops.fuel, all.fuel);
});

t.test('a loop that is no point is left soon for one that is', async (t) => {
  const { whole, moved } = await steps(
    {
      fields: `(func $count (local $i i32) ${times(5_000, '')})
        (func $work (local $i i32) ${times(40, '(call $count)')})`,
      body: '(call $work)',
    },
    'loops',
    50_000,
  );
  t.ok(moved.stops > 10, `it stood still ${moved.stops} times`);
  t.same(outside(moved), outside(whole));
});

t.test('a loop that is no point does not keep a run from the one around it, whatever each turn costs', async (t) => {
  for (const turns of [1_000, 4_096, 5_000]) {
    const { whole, moved } = await steps(
      {
        fields: `(func $work (local $i i32) (local $j i32)
          (loop $again
            (local.set $i (i32.const 0))
            (loop $next
              (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${turns}))))
            (br_if $again (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 200)))))`,
        body: '(call $work)',
      },
      'loops',
      50_000,
    );
    t.ok(moved.stops > 10, `with ${turns} turns it stood still ${moved.stops} times`);
    t.same(outside(moved), outside(whole));
  }
});
