/** What a run opens is closed with it. */
import t from 'tap';
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { said, startRuntime } from '../runtime/started-runtime.js';

t.setTimeout(120_000);

const { install } = await startRuntime(t, { threads: 1 });
const run = await install(await builtTask('test/fixtures/guests/handles'));

const call = (count: number) => run({ captures: { what: 'call' }, payload: String(count) });
const leak = (count: number) => run({ captures: { what: 'leak' }, payload: String(count) });

const handles = (text: string | undefined): string[] => text?.split(',') ?? [];

t.test('a run may call its state far more often than it may hold handles', async (t) => {
  for (const count of [RUNTIME_BOUNDS.handles + 1, 1_000]) {
    const result = await call(count);
    t.strictSame(result.outcome, { kind: 'completed' });
    t.equal(said(result), '10');
    t.equal(result.effects.filter(({ kind }) => kind === 'set').length, count);
  }
});

t.test('a run that drops no handle gets as many as the bound, each another', async (t) => {
  const result = await leak(RUNTIME_BOUNDS.handles + 10);
  t.equal(result.outcome.kind, 'completed');
  t.equal(new Set(handles(said(result))).size, RUNTIME_BOUNDS.handles);
});

t.test('handles that one event leaves open are not the next one’s', async (t) => {
  const first = await leak(RUNTIME_BOUNDS.handles);
  const calls = await call(100);
  for (let i = 0; i < 3; i++) {
    const again = await leak(RUNTIME_BOUNDS.handles);
    t.strictSame(said(again), said(first), 'the tables are as at the first event');
    t.equal(again.usage.fuel, first.usage.fuel);
    const after = await call(100);
    t.strictSame(after.outcome, { kind: 'completed' });
    t.equal(after.usage.fuel, calls.usage.fuel);
  }
});
