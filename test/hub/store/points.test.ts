/** The points that runs have come to: each is there while its run goes on, and no longer. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openStore, type StateChange, type StoredEvent, type StoredPoint } from '../../../hub/store/index.js';

const event: StoredEvent = {
  id: 'a',
  topic: 't',
  payload: Buffer.of(1),
  qos: 1,
  retain: false,
  arrivedAtMs: 1,
  clockMs: 1,
  runs: [
    { task: 'one', seed: 1 },
    { task: 'other', seed: 2 },
  ],
};

const change = (more: Partial<StateChange>): StateChange => ({ reads: [], writes: [], ...more });

function opened(t: Test) {
  const file = join(t.testdir({}), 'state.db');
  const store = openStore(file);
  const group = store.nextInboxId();
  store.commit([], { received: { id: group, events: [event] } });
  const point = (run: number, more: Partial<StoredPoint> = {}): StoredPoint => ({
    place: { group, run },
    attempt: 1,
    digest: 'd',
    base: undefined,
    fuel: 2 ** 40,
    atMs: 1_790_000_000_000,
    fits: 'f',
    version: { digest: 'c', toml: 'version = "1"' },
    byHand: false,
    ...more,
  });
  /** What the next start finds. */
  const found = async (): Promise<readonly StoredPoint[]> => {
    await store.close();
    const again = openStore(file);
    t.teardown(() => again.close());
    return again.points();
  };
  return { store, group, point, found };
}

t.test('the next start finds the last point of each run, as it was kept', async (t) => {
  const { store, point, found } = opened(t);
  store.commit([change({ point: point(0) }), change({ point: point(1, { byHand: true }) })], {});
  store.commit([change({ point: point(0, { fuel: 7, digest: 'e', attempt: 3 }) })], {});
  t.strictSame(await found(), [point(0, { fuel: 7, digest: 'e', attempt: 3 }), point(1, { byHand: true })]);
});

t.test('a point goes with the end of its run, its next attempt, and where it begins anew', async (t) => {
  for (const last of ['ends', 'retries', 'dropsPoint'] as const) {
    const { store, point, found } = opened(t);
    const { place } = point(0);
    store.commit([change({ point: point(0) }), change({ point: point(1) })], {});
    store.commit(
      [change({ [last]: last === 'retries' ? { place, attempt: 2, dueAtMs: 9, executions: 0 } : place })],
      {},
    );
    t.strictSame(await found(), [point(1)], last);
  }
});

t.test('a point that comes to the disk after the end of its run is not kept', async (t) => {
  const { store, point, found } = opened(t);
  const { place } = point(0);
  store.commit([change({ ends: place }), change({ point: point(0) })], {});
  store.commit([change({ point: point(0) })], {});
  store.commit([change({ ends: point(1).place })], {});
  store.commit([change({ point: point(1) })], {});
  t.strictSame(await found(), []);
});

t.test('a point goes with the end of its run also when a transaction had failed in between', async (t) => {
  const { store, point, found } = opened(t);
  const { place } = point(0);
  store.commit([change({ point: point(0) })], {});
  const twice = [change({ ends: place }), change({ ends: place })];
  t.throws(() => store.commit(twice, {}), { code: 'write-failed' });
  store.commit([change({ ends: place })], {});
  t.strictSame(await found(), []);
});
