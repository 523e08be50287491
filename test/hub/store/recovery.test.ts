import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { STORE_BOUNDS } from '../../../hub/store/limits.js';
import { openStore, type StoredEvent, type StoredMessage } from '../../../hub/store/index.js';
import { Connection } from '../../../hub/store/sqlite.js';

const event = (id: string, runs: number): StoredEvent => ({
  id,
  topic: `t/${id}`,
  payload: Buffer.from([0, 255, 1]),
  qos: 1,
  retain: true,
  arrivedAtMs: 1_700_000_000_123,
  clockMs: 1_700_000_000_456,
  runs: Array.from({ length: runs }, (_, i) => ({ task: `task-${i}`, seed: 2 ** 52 + i })),
});

const message = (id: string, payload = 'x'): StoredMessage => ({
  topic: 'out/ü',
  payload: Buffer.from(payload),
  qos: 1,
  retain: false,
  origin: { id, source: 'task', timeMs: 5 },
});

const ends = (group: number, run: number) => ({ reads: [], writes: [], ends: { group, run } });

function fileOf(t: Test): string {
  return join(t.testdir({}), 'state.db');
}

t.test('runs that were not over when the hub was killed are there again, the others are not', (t) => {
  const dir = t.testdir({ before: {}, after: {} });
  const file = join(dir, 'before', 'state.db');
  const store = openStore(file);
  t.teardown(() => store.close());
  const [first, second, third] = [store.nextInboxId(), store.nextInboxId(), store.nextInboxId()];
  store.commit([], { received: { id: first, events: [event('a', 2), event('b', 9)] } });
  store.commit([ends(first, 1), ends(first, 10)], { received: { id: second, events: [event('c', 1)] } });
  store.commit([ends(second, 0), ends(third, 0)], { received: { id: third, events: [event('d', 1)] } });
  t.throws(() => store.commit([ends(first, 1)]), { code: 'write-failed', message: /run 1 .* is over/ });

  const copy = join(dir, 'after', 'state.db');
  for (const suffix of ['', '-wal']) copyFileSync(`${file}${suffix}`, `${copy}${suffix}`);
  const again = openStore(copy);
  t.teardown(() => again.close());
  const groups = [...again.unfinished()];
  t.same(
    groups.map(({ id, events }) => ({ id, events })),
    [{ id: first, events: [event('a', 2), event('b', 9)] }],
    'with the same ids, seeds and clocks',
  );
  const over = Array.from({ length: 11 }, (_, run) => groups[0]?.isOver(run));
  t.same(
    over.flatMap((is, run) => (is === true ? [run] : [])),
    [1, 10],
  );
  again.commit([0, 2, 3, 4, 5, 6, 7, 8, 9].map((run) => ends(first, run)));
  t.same(again.nextInboxId() > first, true);
  t.end();
});

t.test('a run whose transaction failed is not over', (t) => {
  const store = openStore(fileOf(t));
  t.teardown(() => store.close());
  const id = store.nextInboxId();
  store.commit([], { received: { id, events: [event('a', 2)] } });
  t.throws(() => store.commit([ends(id, 0), ends(id + 1, 0)]), { code: 'write-failed' });
  t.equal(store.commit([ends(id, 0)]).results[0]?.kind, 'committed');
  t.end();
});

t.test('messages of runs that were committed wait in order until they are sent, also after a restart', async (t) => {
  const file = fileOf(t);
  const store = openStore(file);
  const conflict = { reads: [{ bucket: 'b', key: 'k', version: 9 }], writes: [], messages: [message('no')] };
  const one = store.commit([{ reads: [], writes: [], messages: [message('1'), message('2')] }, conflict]).outbox;
  const two = store.commit([{ reads: [], writes: [], messages: [message('3')] }]).outbox;
  store.commit([{ reads: [], writes: [], messages: [message('4')] }]);
  store.commit([], { sent: [two?.id ?? 0] });
  await store.close();
  const again = openStore(file);
  t.teardown(() => again.close());
  const unsent = again.unsent({ after: 0, upTo: again.lastOutboxId, limit: 10 });
  t.equal(unsent[0]?.id, one?.id);
  t.same(
    unsent.flatMap(({ messages }) => messages),
    [message('1'), message('2'), message('4')],
  );
  t.end();
});

t.test('beyond its bound the outbox refuses a run, and takes more when some were sent', (t) => {
  const store = openStore(fileOf(t));
  t.teardown(() => store.close());
  const many = Array.from({ length: STORE_BOUNDS.outboxMessages }, () => message('m', ''));
  const more = { reads: [], writes: [], messages: [message('more')] };
  const { outbox, results } = store.commit([{ reads: [], writes: [], messages: many }, more]);
  t.match(results, [{ kind: 'committed' }, { kind: 'refused' }], 'also within a transaction');
  t.match(store.commit([more]).results, [{ kind: 'refused', message: /at most 500000 may/ }]);
  store.commit([], { sent: [outbox?.id ?? 0] });
  t.match(store.commit([more]).results, [{ kind: 'committed' }]);
  t.end();
});

t.test('messages that the broker will not take are kept, up to a bound', (t) => {
  const store = openStore(fileOf(t));
  t.teardown(() => store.close());
  for (let i = 0; i < STORE_BOUNDS.deadMessages + 2; i++) {
    store.commit([], { dead: [{ message: message(`${i}`), reason: 'too long', atMs: i }] });
  }
  const dead = store.deadMessages();
  t.equal(dead.length, STORE_BOUNDS.deadMessages);
  t.match(dead[0], { message: message('2'), reason: 'too long', atMs: 2 });
  t.end();
});

t.test('the last deliveries are remembered over a restart, and older ones are let go of', async (t) => {
  const file = fileOf(t);
  const store = openStore(file);
  const all = Array.from({ length: 3 * STORE_BOUNDS.deliveries }, (_, i) => ({
    packetId: i,
    fingerprint: 2 ** 32 - 1 - i,
  }));
  for (let i = 0; i < all.length; i += 64) store.commit([], { deliveries: all.slice(i, i + 64) });
  await store.close();
  const again = openStore(file);
  t.teardown(() => again.close());
  const kept = again.deliveries();
  t.ok(kept.length >= STORE_BOUNDS.deliveries && kept.length <= 2 * STORE_BOUNDS.deliveries, `${kept.length} are kept`);
  t.same(kept, all.slice(-kept.length));
  t.end();
});

t.test('what an earlier hub wrote is in the database itself before anything is built on it', async (t) => {
  const dir = t.testdir({ before: {}, after: {}, alone: {} });
  const [file, copy, alone] = ['before', 'after', 'alone'].map((name) => join(dir, name, 'state.db')) as [
    string,
    string,
    string,
  ];
  const store = openStore(file);
  t.teardown(() => store.close());
  store.commit([{ reads: [], writes: [{ bucket: 'b', key: 'k', value: Buffer.from('v') }] }]);
  for (const suffix of ['', '-wal']) copyFileSync(`${file}${suffix}`, `${copy}${suffix}`);
  const again = openStore(copy);
  t.teardown(() => again.close());
  copyFileSync(copy, alone);
  const without = openStore(alone);
  t.teardown(() => without.close());
  const read = { reads: [{ bucket: 'b', key: 'k', version: 1 }], writes: [] };
  t.match(without.commit([read]).results, [{ kind: 'committed' }], 'the log is not needed');
});

t.test('a database of the first format is brought to this one, with its state', async (t) => {
  const file = fileOf(t);
  const old = new Connection(file, { readOnly: false });
  old.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE state (bucket TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL,
      PRIMARY KEY (bucket, key)) WITHOUT ROWID;
    CREATE TABLE meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO meta VALUES ('revision', 7);
    INSERT INTO state VALUES ('b', CAST('k' AS BLOB), CAST('v' AS BLOB), 7);
    PRAGMA user_version = 1;
  `);
  old.close();
  const store = openStore(file);
  t.teardown(() => store.close());
  const read = (version: number) => store.commit([{ reads: [{ bucket: 'b', key: 'k', version }], writes: [] }]).results;
  t.match(read(7), [{ kind: 'committed' }]);
  store.commit([], { received: { id: store.nextInboxId(), events: [event('a', 1)] } });
  t.end();
});

t.test('a database of a later format is refused', async (t) => {
  const file = fileOf(t);
  await openStore(file).close();
  const later = new Connection(file, { readOnly: false });
  later.exec('PRAGMA user_version = 99');
  later.close();
  t.throws(() => openStore(file), { code: 'open-failed', message: /its format is 99.*use a newer Sterna/ });
});

t.test('a second hub on the same directory is refused by the process id of the first', async (t) => {
  const file = fileOf(t);
  const store = openStore(file);
  t.throws(() => openStore(file), { code: 'locked', message: new RegExp(`process ${process.pid}\\b`) });
  await store.close();
  const again = openStore(file);
  await again.close();
});

t.test('a damaged database is refused by name, and stays as it is', async (t) => {
  const file = fileOf(t);
  const store = openStore(file);
  for (let i = 0; i < 200; i++) {
    store.commit([{ reads: [], writes: [{ bucket: 'b', key: `${i}`, value: Buffer.alloc(500, i) }] }]);
  }
  await store.close();
  const fd = openSync(file, 'r+');
  for (let page = 2; page < 12; page++) writeSync(fd, Buffer.alloc(64, 0xee), 0, 64, page * 4_096);
  closeSync(fd);
  const damaged = readFileSync(file);
  t.throws(() => openStore(file), {
    code: 'open-failed',
    message: /state\.db.*it is damaged.*put a backup in its place/,
  });
  t.ok(readFileSync(file).equals(damaged));
});

t.test('a backup made while the store is written to opens, with what was committed before', async (t) => {
  const dir = t.testdir({ backup: {} });
  const store = openStore(join(dir, 'state.db'));
  t.teardown(() => store.close());
  store.commit([{ reads: [], writes: [{ bucket: 'b', key: 'k', value: Buffer.from('v') }] }]);
  store.commit([{ reads: [], writes: [], messages: [message('1')] }]);
  const file = join(dir, 'backup', 'state.db');
  await store.backup(file);
  await t.rejects(store.backup(file), { code: 'backup-failed', message: /state\.db/ });
  const copy = openStore(file);
  t.teardown(() => copy.close());
  t.match(copy.commit([{ reads: [{ bucket: 'b', key: 'k', version: 1 }], writes: [] }]).results, [
    { kind: 'committed' },
  ]);
  t.equal(copy.unsent({ after: 0, upTo: copy.lastOutboxId, limit: 9 }).length, 1);
});

t.test('the write-ahead log does not grow without bound', async (t) => {
  const file = fileOf(t);
  const store = openStore(file);
  t.teardown(() => store.close());
  const value = Buffer.alloc(16_384, 1);
  let largest = 0;
  for (let i = 0; i < 4_000; i++) {
    while (store.paused !== undefined) await store.paused;
    store.commit([{ reads: [], writes: [{ bucket: 'b', key: `${i % 50}`, value }] }]);
    if (i % 16 === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      largest = Math.max(largest, readFileSize(`${file}-wal`));
    }
  }
  t.ok(largest < 4 * STORE_BOUNDS.logBytes, `${largest} bytes, of ${4_000 * value.length} written`);
});

function readFileSize(file: string): number {
  const fd = openSync(file, 'r');
  try {
    return readFileSync(fd).length;
  } finally {
    closeSync(fd);
  }
}

t.test('an empty file is a new store', async (t) => {
  const file = fileOf(t);
  writeFileSync(file, '');
  await openStore(file).close();
});
