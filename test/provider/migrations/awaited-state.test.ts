/** What a run that moved waits for before it reads its hub's state. */
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { AwaitedState } from '../../../provider/migrations/awaited-state.js';
import { Replica } from '../../../provider/replica/replica.js';

const BUCKET = 'task/looking/default';
const sets = [{ bucket: BUCKET, version: 1 }];
const [one, two] = ['1', '2'].map((key) => [{ bucket: BUCKET, key, version: 1, value: Buffer.from(key) }]);

t.test('state that begins anew is read when all of it has come, whatever its revision', async (t) => {
  const replica = new Replica(t.testdir(), 0, 1_000_000);
  t.teardown(() => replica.close());
  const state = new AwaitedState();
  state.begin(replica);
  state.isToSee('run', 1);
  replica.apply({ revision: 1, entries: [...(one ?? []), ...(two ?? [])], sets });
  await state.for('run');

  replica.reset();
  replica.apply({ revision: 3, entries: one ?? [], sets: [] });
  let isThere = false;
  const there = state.for('run').then(() => (isThere = true));
  state.came();
  await setImmediate();
  t.notOk(isThere, 'the second half is missing');
  replica.apply({ revision: 4, entries: two ?? [], sets });
  state.came();
  t.ok(await there);
});
