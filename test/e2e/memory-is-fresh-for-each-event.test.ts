/** Nothing that a guest keeps in memory is there when the next event comes. */
import t from 'tap';
import type { RunResult } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { said, startRuntime } from '../runtime/started-runtime.js';
import { ANSWER_BASE, ORDER, PLACES, secretHider } from './secret-hider.js';

t.setTimeout(120_000);

const { install } = await startRuntime(t, { threads: 1 });
const secrets = await builtTask('test/fixtures/guests/secrets');
const run = await install(secrets);

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

/** What is found, by name, and what the run's clock and random numbers gave. */
function foundBy({ outcome }: RunResult): { readonly places: readonly string[]; readonly drawn: string } {
  if (outcome.kind !== 'failed') throw new Error(`it ended as ${JSON.stringify(outcome)}`);
  const bits = outcome.message.charCodeAt(0) - ANSWER_BASE;
  return { places: PLACES.filter((_, i) => (bits & (1 << i)) !== 0), drawn: outcome.message.slice(1) };
}

for (const withDrops of [false, true]) {
  const how = withDrops ? 'is made anew for each event' : 'is put back';
  t.test(`nothing is left in any place that a guest can write to, of an instance that ${how}`, async (t) => {
    const { manifest } = secrets;
    const grants = { publish: [], buckets: { default: { id: 'hidden', access: 'read-write' as const } } };
    const hider = await install({
      ...secrets,
      manifest: { ...manifest, grants },
      component: await secretHider({ withDrops }),
    });
    const order = (what: keyof typeof ORDER) => hider({ payload: ORDER[what] });
    const first = await order('find');
    const clean = foundBy(first);
    t.strictSame(clean.places, []);
    for (const [what, outcome] of [
      ['hide', 'completed'],
      ['hideAndTrap', 'trapped'],
      ['grow', 'completed'],
      ['hide', 'completed'],
      ['drop', 'completed'],
      ['hide', 'completed'],
    ] as const) {
      t.equal((await order(what)).outcome.kind, outcome, what);
      const after = await order('find');
      t.strictSame(foundBy(after), clean, `after ${what}`);
      t.strictSame([after.usage.fuel, after.usage.peakMemoryBytes], [first.usage.fuel, first.usage.peakMemoryBytes]);
    }
  });
}

t.test('what is hidden in each place is found by the same event’s successors if memory is kept for them', async (t) => {
  const { manifest } = secrets;
  const grants = { publish: [], buckets: { default: { id: 'hidden', access: 'read-write' as const } } };
  const component = await secretHider({ withDrops: false });
  const hider = await install({ ...secrets, manifest: { ...manifest, grants }, component });
  const order = (what: keyof typeof ORDER) => hider({ payload: ORDER[what], isolationKey: 'kept' });
  await order('grow');
  const { places } = foundBy(await order('find'));
  // Handles end with their event in any case, if not in the same order, and the segment was not touched.
  const others = ['the number of the next handle', 'bytes of a segment'];
  t.strictSame(
    places.filter((place) => !others.includes(place)),
    PLACES.filter((place) => !others.includes(place)),
  );
});
