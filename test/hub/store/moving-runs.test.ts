/** What is kept of runs that move is there after a restart, and goes with the end of its run. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  openStore,
  type StateChange,
  type Store,
  type StoredEvent,
  type StoredMove,
} from '../../../hub/store/index.js';

const EVENT: StoredEvent = {
  id: 'e',
  topic: 't',
  payload: Buffer.from('p'),
  qos: 1,
  retain: false,
  arrivedAtMs: 1,
  clockMs: 2,
  runs: [0, 1, 2].map((seed) => ({ task: `task-${seed}`, seed })),
};

const NOTHING = { reads: [], writes: [] };

function moveOf(run: number, stub = '{}'): StoredMove {
  const checkpoints = { anchor: 'a'.repeat(64), difference: run === 1 ? undefined : 'd'.repeat(64) };
  return {
    place: { group: 1, run },
    attempt: 1,
    id: `e/task-${run}#1`,
    provider: 'shed',
    fits: `f${run % 2}`,
    version: { digest: 'c'.repeat(64), toml: `version = "${run % 2}"` },
    ...checkpoints,
    stub,
  };
}

function begin(t: Test): { readonly store: Store; readonly file: string } {
  const file = join(t.testdir({}), 'state.db');
  const store = openStore(file);
  store.commit([], { received: { id: store.nextInboxId(), events: [EVENT] } });
  return { store, file };
}

async function afterRestart(store: Store, file: string): Promise<readonly StoredMove[]> {
  await store.close();
  const again = openStore(file);
  const moves = again.moves();
  await again.close();
  return moves;
}

t.test('the last stub of each run that moves is there after a restart', async (t) => {
  const { store, file } = begin(t);
  store.commit([moveOf(0, '{"epoch":0}'), moveOf(1)].map((move) => ({ ...NOTHING, move })));
  store.commit([{ ...NOTHING, move: moveOf(0, '{"epoch":1}') }]);
  t.strictSame(await afterRestart(store, file), [moveOf(0, '{"epoch":1}'), moveOf(1)]);
});

t.test('it goes when the run is over, goes again later, or moves no more', async (t) => {
  const { store, file } = begin(t);
  store.commit([0, 1, 2].map((run) => ({ ...NOTHING, move: moveOf(run) })));
  const [over, again, still] = [0, 1, 2].map((run) => ({ group: 1, run }));
  const changes: StateChange[] = [
    { ...NOTHING, ends: over },
    { ...NOTHING, retries: again && { place: again, attempt: 2, dueAtMs: 9, executions: 0 } },
    { ...NOTHING, dropsMove: still },
  ];
  store.commit(changes);
  const bare = { ...moveOf(1), version: undefined };
  store.commit([{ ...NOTHING, move: bare }]);
  t.strictSame(await afterRestart(store, file), [bare], 'nor is a version kept that no run is of');
});

t.test('it stays when the end of its run conflicts with what others wrote, or cannot be written', async (t) => {
  const { store, file } = begin(t);
  store.commit([{ ...NOTHING, move: moveOf(0) }]);
  const stale = { reads: [{ bucket: 'b', key: 'k', version: 7 }], writes: [], ends: { group: 1, run: 0 } };
  t.match(store.commit([stale]).results, [{ kind: 'conflict' }]);
  const impossible = { ...NOTHING, ends: { group: 999, run: 0 } };
  t.throws(() => store.commit([{ ...NOTHING, dropsMove: { group: 1, run: 0 } }, impossible]), { code: 'write-failed' });
  store.commit([{ ...NOTHING, ends: { group: 1, run: 1 } }]);
  t.strictSame(await afterRestart(store, file), [moveOf(0)], 'it is still there, and known to be');
});
