/** Nothing that a guest keeps in memory is there when the next event comes. */
import t from 'tap';
import { builtTask } from '../runtime/built-task.js';
import { said, startRuntime } from '../runtime/started-runtime.js';

t.setTimeout(120_000);

const { install } = await startRuntime(t, { threads: 1 });
const run = await install(await builtTask('test/fixtures/guests/secrets'));

const SECRET = Buffer.from('correct horse ba');
const QUESTION = Buffer.from(SECRET.map((byte) => ~byte & 0xff));

const hide = () => run({ captures: { what: 'hide' }, payload: SECRET });
const hideAndTrap = () => run({ captures: { what: 'hide and trap' }, payload: SECRET });
const find = () => run({ captures: { what: 'find' }, payload: QUESTION });

const clean = await find();

t.test('what a guest hides it can find within the same event', async (t) => {
  const own = await run({ captures: { what: 'find own' }, payload: QUESTION });
  t.equal(own.outcome.kind, 'completed');
  // Data, zeros, a hundred blocks and the end of memory, the globals and the list: all of them can be found.
  t.ok(Number(said(own)) >= 207, said(own) ?? 'nothing said');
});

t.test('at the next event there is no trace of it, and the fuel is the same', async (t) => {
  t.strictSame([clean.outcome.kind, said(clean)], ['completed', '0']);
  for (let i = 0; i < 3; i++) {
    t.equal((await hide()).outcome.kind, 'completed');
    const after = await find();
    t.equal(said(after), '0');
    t.equal(after.usage.fuel, clean.usage.fuel);
    t.equal(after.usage.peakMemoryBytes, clean.usage.peakMemoryBytes);
  }
});

t.test('nor after a run that trapped with it', async (t) => {
  t.equal((await hideAndTrap()).outcome.kind, 'trapped');
  const after = await find();
  t.strictSame([said(after), after.usage.fuel], ['0', clean.usage.fuel]);
});

t.test('nor between events that were handed over together', async (t) => {
  const results = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? hide() : find())));
  for (const found of results.filter((_, i) => i % 2 === 1)) {
    t.strictSame([said(found), found.usage.fuel], ['0', clean.usage.fuel]);
  }
});
