/** With isolation = "key", what a guest keeps in memory is there when the next event of the same key comes. */
import t from 'tap';
import { RUNTIME_BOUNDS } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import type { Asked } from '../runtime/run-request.js';
import { said, startRuntime } from '../runtime/started-runtime.js';

t.setTimeout(120_000);

const { install, runtime } = await startRuntime(t, { threads: 2 });
const keeps = await builtTask('test/fixtures/guests/keeps');
const run = await install(keeps);

const count = async (isolationKey: string | undefined, asked: Asked = {}): Promise<string | undefined> =>
  said(await run({ isolationKey, captures: { what: 'count' }, ...asked }));

t.test('events of one key see each other’s memory, on whichever thread they would have run', async (t) => {
  const keys = ['keeps/hall', 'keeps/attic', 'keeps/cellar', 'other/hall', ''];
  for (let i = 1; i <= 20; i++) {
    const counts = await Promise.all(keys.map((key) => count(key)));
    t.strictSame(
      counts,
      keys.map(() => String(i)),
    );
    t.equal(await count(undefined), '1', 'a run without a key finds fresh memory');
  }
});

t.test('a run that does not complete leaves nothing in memory, as it has no effect', async (t) => {
  for (const [what, outcome] of [
    ['trap', 'trapped'],
    ['fail', 'failed'],
    ['spin', 'out-of-fuel'],
  ] as const) {
    t.strictSame([await count(what), await count(what)], ['1', '2']);
    const ended = await run({ isolationKey: what, captures: { what } });
    t.equal(ended.outcome.kind, outcome);
    t.strictSame([await count(what), await count(what)], ['1', '2']);
  }
});

t.test('a run that goes again does not see what its first attempt did', async (t) => {
  t.strictSame([await count('again'), await count('again')], ['1', '2']);
  t.equal(await count('again', { attempt: 2 }), '1');
  t.equal(await count('again'), '2', 'what the attempt that counted left is kept');
});

t.test('handles that an event leaves open are closed with it all the same', async (t) => {
  const leak = () => count('handles', { captures: { what: 'leak' } });
  const first = await leak();
  for (let i = 0; i < 3; i++) t.equal(await leak(), first);
});

t.test('memory that is kept counts towards the limit, and begins anew once it does not suffice', async (t) => {
  const hoard = () => run({ isolationKey: 'hoard', captures: { what: 'hoard' } });
  const bytes: number[] = [];
  let ended = await hoard();
  for (; ended.outcome.kind === 'completed'; ended = await hoard()) bytes.push(ended.usage.peakMemoryBytes);
  t.equal(ended.outcome.kind, 'out-of-memory');
  t.ok(bytes.length >= 2, 'more than one event fitted');
  t.strictSame(
    bytes,
    bytes.toSorted((a, b) => a - b),
  );
  t.equal((await hoard()).usage.peakMemoryBytes, bytes[0]);
});

t.test('a thread keeps the memory of so many keys, and lets go of what was used longest ago', async (t) => {
  const keys = Array.from({ length: RUNTIME_BOUNDS.keptKeys * 2 + 8 }, (_, i) => `many/${i}`);
  t.equal(await count('many/first'), '1');
  for (const key of keys) t.equal(await count(key), '1');
  t.equal(await count('many/first'), '1', 'its memory was let go of');
  t.equal(await count(keys.at(-1)), '2', 'this one’s is still there');
});

t.test(
  'a task that is let go of, or installed anew, finds fresh memory in every thread, from the next run on',
  async (t) => {
    const { key } = await runtime.install(keeps.component, keeps.manifest.limits);
    const keys = Array.from({ length: 8 }, (_, i) => `gone/${i}`);
    const counts = () => Promise.all(keys.map((each) => count(each)));
    t.strictSame([await counts(), await counts()], [keys.map(() => '1'), keys.map(() => '2')]);
    runtime.forget(key);
    t.strictSame(
      await counts(),
      keys.map(() => '1'),
    );
    runtime.uninstall(key);
    await t.rejects(count('gone/0'), { code: 'unknown-task' });
    await runtime.install(keeps.component, keeps.manifest.limits);
    t.strictSame(
      await counts(),
      keys.map(() => '1'),
    );
  },
);
