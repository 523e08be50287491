import { join } from 'node:path';
import t, { type Test } from 'tap';
import { STORE_BOUNDS } from '../../../hub/store/limits.js';
import { openStore, type RunLetter, type Store } from '../../../hub/store/index.js';

const NOTHING = { reads: [], writes: [] };

function opened(t: Test): Store {
  const store = openStore(join(t.testdir({}), 'state.db'));
  t.teardown(() => store.close());
  return store;
}

function letter(number: number, payloadBytes = 1): RunLetter {
  const event = {
    id: `e${number}`,
    topic: 'x',
    payload: new Uint8Array(payloadBytes),
    qos: 1 as const,
    retain: false,
    arrivedAtMs: 1,
    clockMs: 2,
    runs: [{ task: 'task', seed: 3 }],
  };
  return { event, task: 'task', outcome: 'failed', attempts: 3, atMs: number, evidence: '{}' };
}

t.test('of too many dead letters the oldest go, and how many is told', (t) => {
  const store = opened(t);
  const most = STORE_BOUNDS.deadLetters;
  const all = Array.from({ length: most }, (_, i) => ({ ...NOTHING, letter: letter(i) }));
  t.equal(store.commit(all).lettersDropped, 0);
  t.equal(store.commit([3, 4].map((i) => ({ ...NOTHING, letter: letter(most + i) }))).lettersDropped, 2);
  const kept = store.deadLetters({ limit: 100_000 });
  t.equal(kept.length, most);
  t.equal(kept.at(-1)?.id.number, 3);
  t.end();
});

t.test('of too large ones too, but the newest stays', (t) => {
  const store = opened(t);
  const third = Math.ceil(STORE_BOUNDS.deadLetterBytes / 3);
  for (let i = 0; i < 2; i++) t.equal(store.commit([{ ...NOTHING, letter: letter(i, third) }]).lettersDropped, 0);
  t.equal(store.commit([{ ...NOTHING, letter: letter(2, third) }]).lettersDropped, 1);
  t.equal(store.commit([{ ...NOTHING, letter: letter(3, 3 * third) }]).lettersDropped, 2);
  t.same(
    store.deadLetters({ limit: 10 }).map(({ id }) => id.number),
    [4],
  );
  t.end();
});

t.test('of too large messages that the broker would not take the oldest go, and how many is told', (t) => {
  const store = opened(t);
  const origin = { id: 'e0/task/0', source: 'task', timeMs: 1 };
  const bury = (bytes: number): number => {
    const message = { topic: 'out', payload: new Uint8Array(bytes), qos: 1 as const, retain: false, origin };
    return store.commit([], { dead: [{ message, reason: 'too large', atMs: 1 }] }).lettersDropped;
  };
  const third = Math.ceil(STORE_BOUNDS.deadMessageBytes / 3);
  t.same([third, third, third].map(bury), [0, 0, 1]);
  t.equal(bury(3 * third), 2, 'but the newest stays');
  t.same(
    store.deadLetters({ limit: 10 }).map(({ id }) => id.number),
    [4],
  );
  t.end();
});

t.test('a change that is refused ends no run and revives no letter', (t) => {
  const store = opened(t);
  const origin = { id: 'e0/task/0', source: 'task', timeMs: 1 };
  const message = { topic: 'out', payload: new Uint8Array(1), qos: 1 as const, retain: false, origin };
  store.commit([], { dead: [{ message, reason: 'no', atMs: 1 }] });
  const event = letter(0).event;
  const id = store.nextInboxId();
  store.commit([], { received: { id, events: [event] } });
  const value = new Uint8Array(2 * 1024 * 1024);
  const refused = {
    reads: [],
    writes: [{ bucket: 'b', key: 'k', value }],
    ends: { group: id, run: 0 },
    revives: { kind: 'message' as const, number: 1 },
  };
  for (let i = 0; i < 40; i++) {
    const [result] = store.commit([{ ...refused, writes: [{ bucket: 'b', key: `k${i}`, value }] }]).results;
    if (result?.kind !== 'refused') {
      // Not full yet: the run would be over.
      return t.fail('a value above its bound must be refused');
    }
  }
  t.equal(store.deadLetters({ limit: 10 }).length, 1);
  t.equal(store.commit([{ ...NOTHING, ends: { group: id, run: 0 } }]).results[0]?.kind, 'committed');
  return t.end();
});

t.test('a run’s retry is kept until the run is over, and a transaction that fails changes nothing of it', async (t) => {
  const dir = t.testdir({});
  const store = openStore(join(dir, 'state.db'));
  const id = store.nextInboxId();
  const place = { group: id, run: 0 };
  const events = [letter(0).event, letter(1).event];
  store.commit([{ ...NOTHING, retries: { place, attempt: 2, dueAtMs: 10, executions: 0 } }], {
    received: { id, events },
  });
  store.commit([{ ...NOTHING, retries: { place, attempt: 3, dueAtMs: 20.5, executions: 7 } }]);
  t.throws(() =>
    store.commit([
      { ...NOTHING, ends: place },
      { ...NOTHING, ends: place },
    ]),
  );
  await store.close();
  const again = openStore(join(dir, 'state.db'));
  t.teardown(() => again.close());
  t.same(again.retries(), [{ place, attempt: 3, dueAtMs: 20.5, executions: 7 }]);
  t.equal([...again.unfinished()].length, 1);
  again.commit([{ ...NOTHING, ends: place }]);
  t.same(again.retries(), []);
});
