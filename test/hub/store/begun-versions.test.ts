/** The version of each run that has begun is there after a restart, for as long as there is such a run. */
import { join } from 'node:path';
import t from 'tap';
import { openStore, type StateChange, type StoredEvent } from '../../../hub/store/index.js';

const EVENT: StoredEvent = {
  id: 'e',
  topic: 't',
  payload: Buffer.from('p'),
  qos: 1,
  retain: false,
  arrivedAtMs: 1,
  clockMs: 2,
  runs: [0, 1].map((seed) => ({ task: `task-${seed}`, seed })),
};

const VERSION = { fits: 'f', version: { digest: 'c', toml: 'version = "1"' } };

const change = (more: Partial<StateChange>): StateChange => ({ reads: [], writes: [], ...more });

t.test('a version is kept while a run of it stands still or moves, and no longer', async (t) => {
  const file = join(t.testdir({}), 'state.db');
  let store = openStore(file);
  const group = store.nextInboxId();
  store.commit([], { received: { id: group, events: [EVENT] } });
  const [standing, moving] = [0, 1].map((run) => ({ group, run }));
  if (standing === undefined || moving === undefined) throw new Error('there are two runs');
  const point = { attempt: 1, digest: 'd', base: undefined, fuel: 1, atMs: 1, byHand: false };
  const move = { attempt: 1, id: 'i', provider: 'p', anchor: 'a', difference: undefined, stub: '{}' };
  store.commit([
    change({ point: { place: standing, ...point, ...VERSION } }),
    change({ move: { place: moving, ...move, ...VERSION } }),
  ]);
  const again = async (): Promise<void> => {
    await store.close();
    store = openStore(file);
    t.equal([...store.unfinished()].length, 1);
  };
  await again();
  t.match(store.points(), [{ digest: 'd', ...VERSION }], 'its checkpoint is not its component');
  t.match(store.moves(), [VERSION]);
  store.commit([change({ dropsMove: moving })]);
  await again();
  t.match(store.points(), [VERSION], 'the last run that moved is gone');
  store.commit([change({ ends: standing })]);
  const bare = { place: moving, ...point, ...VERSION, version: undefined };
  store.commit([change({ point: bare })]);
  await again();
  t.strictSame(store.points(), [bare], 'nobody has it any more');
  await store.close();
});
