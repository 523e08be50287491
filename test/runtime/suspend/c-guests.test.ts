/** Tasks in C, whose calls to WASI go through the preview1 adapter, suspended at every slice and moved each time. */
import { t, type Test } from 'tap';
import type { Wish } from '../../../runtime/worker/suspension.js';
import { compiled, skips } from '../../guest-tasks/c-compiler.js';
import type { BuiltTask } from '../built-task.js';
import { Random } from '../provision/fuzz/random.js';
import type { Asked } from '../run-request.js';
import { outside, prepared, run, type Came, type Prepared, type Stepping } from './stepping.js';

t.setTimeout(120_000);

const MEMORY_BYTES = 1024 * 1024;

interface Compared {
  readonly task: BuiltTask;
  readonly asked: Asked;
  readonly sliceFuel: number;
}

/** Runs it whole, and interrupted in some ways. @returns how it ended, and how often it stood still at most. */
function same(t: Test, p: Prepared, plain: Came, { task, asked, sliceFuel }: Compared): number {
  const again = (wish: Stepping['wish']): Came => run(p, { task, asked, sliceFuel, ...(wish && { wish }) });
  const whole = again(undefined);
  t.same(outside(whole), outside(plain), 'prepared to be suspended, and not');
  const moved = again(() => 'leave');
  t.same(outside(moved), outside(whole), `it stood still ${moved.stops} times`);
  const random = new Random(3);
  const wish = (): Wish => random.pick(['go-on', 'copy', 'leave'] as const);
  t.same(outside(again(wish)), outside(whole), 'at random slices');
  return moved.stops;
}

t.test('C without a standard library is the same, interrupted', { skip: skips.freestanding }, async (t) => {
  const task = await compiled(t, 'freestanding');
  const asked = { topic: 'in/ä', payload: 'grüß 😀'.repeat(40) };
  const plain = await prepared(task.component, undefined, (p) => run(p, { task, asked }), MEMORY_BYTES);
  await prepared(
    task.component,
    'all',
    (p) => t.ok(same(t, p, plain, { task, asked, sliceFuel: 10 }) > 0),
    MEMORY_BYTES,
  );
});

t.test('C with its standard library is the same, interrupted', { skip: skips.libc }, async (t) => {
  const task = await compiled(t, 'libc');
  const asked = ['look', 'fail', 'hoard', ''].map((payload): Asked => ({ payload }));
  const plain = await prepared(
    task.component,
    undefined,
    (p) => asked.map((each) => run(p, { task, asked: each })),
    MEMORY_BYTES,
  );
  await prepared(
    task.component,
    'all',
    (p) => {
      for (const [i, each] of asked.entries()) {
        const stops = same(t, p, plain[i] as Came, { task, asked: each, sliceFuel: 60 });
        t.ok(stops > 3, `"${each.payload as string}": it stood still ${stops} times`);
      }
    },
    MEMORY_BYTES,
  );
  t.match(plain[0]?.log, /the year is 2026/);
  t.match(plain[1]?.ending, /as it was told/);
});
