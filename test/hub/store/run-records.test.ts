import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { STORE_BOUNDS } from '../../../hub/store/limits.js';
import { RecordReader, type RunQuery } from '../../../hub/store/record-reader.js';
import { Connection } from '../../../hub/store/sqlite.js';
import {
  openStore,
  RecordArchive,
  type RecordBounds,
  type RunRecord,
  type Store,
  type TaskVersion,
} from '../../../hub/store/index.js';

const KiB = 1024;
const NOON = Date.UTC(2026, 10, 21, 12);

const TASK: TaskVersion = {
  name: 'light',
  version: '1.0.0',
  component: 'c'.repeat(64),
  instrumentation: '4',
  subjects: 'verbatim',
  isolation: 'event',
  limits: { fuel: 1, memoryBytes: 2, deadlineMs: 3, outputBytes: 4, logBytes: 5 },
  grants: { publish: ['a/+'], buckets: { default: { id: 'light/default', access: 'read-write' } } },
  config: { quiet: '120' },
};

function record(id: string, differences: Partial<RunRecord> = {}): RunRecord {
  return {
    runId: `${id}/light`,
    task: TASK,
    event: {
      id,
      topic: 'a/b',
      payload: Buffer.from('on'),
      qos: 1,
      retain: true,
      arrivedAtMs: NOON,
      captures: { r: 'b' },
    },
    attempt: 1,
    clockMs: NOON,
    seed: 2 ** 52 + 1,
    where: 'local',
    outcome: { kind: 'completed' },
    executed: undefined,
    effects: [],
    reads: [],
    pages: [],
    log: [],
    droppedLogLines: 0,
    usage: { fuel: 2 ** 40, peakMemoryBytes: 65_536, wallMs: 0.25, hostMs: 0.125, outputBytes: 6, logBytes: 7 },
    startedAtMs: NOON + 1,
    notReplayable: undefined,
    ...differences,
  };
}

function opened(t: Test, records?: RecordBounds): { store: Store; reader: RecordReader; file: string } {
  const dir = t.testdir({});
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'state.db');
  const store = openStore(file, records === undefined ? {} : { records });
  const reader = new RecordReader(file);
  t.teardown(() => {
    reader.close();
    return store.close();
  });
  return { store, reader, file };
}

const ANY: RunQuery = {
  task: undefined,
  outcome: undefined,
  sinceMs: undefined,
  limit: 1_000_000,
  log: { lines: 9, length: 9 },
};
const idsOf = (reader: RecordReader, query: Partial<RunQuery> = {}): string[] =>
  reader.list({ ...ANY, ...query }).map(({ runId }) => runId.split('/')[0] ?? '');

t.test('a record is found as it was kept, whatever is in it', (t) => {
  const { store, reader } = opened(t);
  const full = record('ä€😀', {
    where: 'garage',
    outcome: { kind: 'trapped', reason: 'arithmetic', message: 'divide by zero' },
    executed: { kind: 'completed' },
    effects: [
      { kind: 'publish', topic: 'a/ü', payload: new Uint8Array([0, 255]), qos: 2, retain: true },
      { kind: 'set', bucket: 'light/default', key: '\0', value: new Uint8Array() },
      { kind: 'delete', bucket: 'light/default', key: 'k' },
    ],
    reads: [
      { bucket: 'light/default', key: 'k', version: 2 ** 40, value: new Uint8Array([1]) },
      { bucket: 'light/default', key: 'none', version: 0 },
    ],
    pages: [{ bucket: 'light/default', after: 'k', limit: 7, keys: ['l', 'm'] }],
    log: [{ level: 'critical', context: '', message: 'é' }],
    droppedLogLines: 3,
    notReplayable: 'it is a test',
  });
  store.commit([], { records: [record('before'), full, record('after')], atMs: NOON + 5 });
  const { event, effects, reads, ...found } = reader.find(full.runId, 0) ?? {};
  const { event: wantedEvent, effects: wantedEffects, reads: wantedReads, ...wanted } = full;
  t.strictSame(found, { ...wanted, committedAtMs: NOON + 5 });
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (_, one: unknown) =>
        ArrayBuffer.isView(one) ? [...Buffer.from(one.buffer, one.byteOffset, one.byteLength)] : one,
      ),
    );
  t.strictSame(
    plain({ event, effects, reads }),
    plain({
      event: { ...wantedEvent, payload: new Uint8Array(wantedEvent.payload) },
      effects: wantedEffects,
      reads: wantedReads,
    }),
  );
  t.end();
});

t.test('a count of lines beyond what a record holds is the most that it holds', (t) => {
  const { store, reader } = opened(t);
  store.commit([], { records: [record('a', { droppedLogLines: 2 ** 32 + 4_095 })], atMs: NOON });
  t.equal(reader.find('a/light', 0)?.droppedLogLines, 2 ** 32 - 1);
  t.end();
});

t.test('a transaction with much to record has several rows, and each record is found', (t) => {
  const { store, reader, file } = opened(t);
  const payload = Buffer.alloc(4 * 1024 * 1024);
  const ids = Array.from({ length: 11 }, (_, i) => `${i}`);
  const records = ids.map((id) => record(id, { event: { ...record(id).event, payload } }));
  store.commit([], { records, atMs: NOON });
  store.commit([], { records: [record('later')], atMs: NOON + 1 });
  const connection = new Connection(file, { readOnly: true });
  const rows = connection.prepare('SELECT length(runs) AS bytes FROM run_records').all();
  connection.close();
  t.equal(rows.length, 4);
  const most = Math.max(...rows.map(({ bytes }) => Number(bytes)));
  t.ok(most < STORE_BOUNDS.recordRowBytes + payload.length + 1_000, `${most} bytes`);
  t.strictSame(idsOf(reader), [...ids, 'later'].toReversed());
  for (const id of ['0', '10']) t.equal(reader.find(`${id}/light`, NOON)?.event.payload.length, payload.length);
  t.end();
});

t.test('a record is kept with what its run did, and not at all on a conflict or when that is refused', (t) => {
  const { store, reader } = opened(t);
  const value = new Uint8Array(1);
  const change = (id: string, key: string, version?: number) => ({
    reads: version === undefined ? [] : [{ bucket: 'b', key, version }],
    writes: [{ bucket: 'b', key, value }],
    record: record(id, { effects: [{ kind: 'set', bucket: 'b', key, value }] }),
  });
  const tooLarge = { reads: [], writes: [{ bucket: 'b', key: 'big', value: new Uint8Array(2 * KiB * KiB) }] };
  store.commit([change('done', 'k'), change('overtaken', 'k', 0), { ...tooLarge, record: record('refused') }]);
  t.strictSame(idsOf(reader), ['done'], 'the run is not over: it has another record when it is');
  t.end();
});

t.test('runs are listed newest first, by task, outcome and time', (t) => {
  const { store, reader } = opened(t);
  const other = { ...TASK, name: 'other' };
  store.commit([], { records: [record('1'), record('2', { task: other })], atMs: NOON });
  store.commit([], { records: [record('3', { outcome: { kind: 'out-of-fuel' } })], atMs: NOON + 10 });
  store.commit([], { records: [record('4', { task: other, outcome: { kind: 'deadline' } })], atMs: NOON + 20 });
  t.strictSame(idsOf(reader), ['4', '3', '2', '1']);
  t.strictSame(idsOf(reader, { limit: 3 }), ['4', '3', '2']);
  t.strictSame(idsOf(reader, { task: 'other' }), ['4', '2']);
  t.strictSame(idsOf(reader, { outcome: 'out-of-fuel' }), ['3']);
  t.strictSame(idsOf(reader, { sinceMs: NOON + 10 }), ['4', '3']);
  t.end();
});

t.test('a run is found from the time in its id on, also when the clock was set back since', (t) => {
  const { store, reader } = opened(t);
  for (let i = 0; i < 500; i++) store.commit([], { records: [record(`at${i}`)], atMs: NOON + i });
  for (const i of [0, 1, 250, 499]) t.equal(reader.find(`at${i}/light`, NOON + i)?.committedAtMs, NOON + i);
  store.commit([], { records: [record('back')], atMs: NOON - 3_600_000 });
  t.equal(reader.find('back/light', NOON + 60_000)?.committedAtMs, NOON + 499, 'time on the tape never falls');
  t.equal(reader.find('never/light', NOON + 3), undefined);
  t.equal(reader.find('never/light', 0), undefined);
  t.end();
});

t.test('records are kept up to their bytes, and the oldest go', (t) => {
  const bytes = 1024 * KiB;
  const { store, reader } = opened(t, { bytes, ageMs: 1e9 });
  const payload = new Uint8Array(900);
  const one = (i: number): RunRecord => record(`r${i}`, { event: { ...record('').event, payload } });
  const kept: number[] = [];
  for (let i = 0; i < 4_000; i++) {
    store.commit([], { records: [one(i)], atMs: NOON });
    if (i % 200 === 199) kept.push(idsOf(reader).length);
  }
  const most = (bytes + STORE_BOUNDS.prunedBytes) / 900;
  t.ok(
    kept.every((count) => count <= most),
    `at most ${Math.max(...kept)} of 4000 are kept`,
  );
  t.ok((kept.at(-1) ?? 0) > (0.7 * bytes) / 1200, 'as many as there is room for');
  const [newest, ...rest] = idsOf(reader);
  t.equal(newest, 'r3999');
  t.strictSame(
    rest,
    rest.map((_, i) => `r${3998 - i}`),
    'they are the last ones, without a gap',
  );
  t.end();
});

t.test('a record that is larger than all that may be kept does not stop others from going', (t) => {
  const { store, reader } = opened(t, { bytes: 512 * KiB, ageMs: 1e9 });
  const large = record('large', { event: { ...record('').event, payload: new Uint8Array(2_048 * KiB) } });
  store.commit([], { records: [large], atMs: NOON });
  for (let i = 0; i < 400; i++) {
    const event = { ...record('').event, payload: new Uint8Array(4 * KiB) };
    store.commit([], { records: [record(`r${i}`, { event })], atMs: NOON });
  }
  t.equal(reader.find('large/light', 0), undefined);
  t.ok(reader.find('r399/light', 0));
  t.end();
});

t.test('records go when they are too old', (t) => {
  const { store, reader } = opened(t, { bytes: 64 * KiB * KiB, ageMs: 1_000 });
  const event = { ...record('').event, payload: new Uint8Array(64 * KiB) };
  for (let i = 0; i < 20; i++) store.commit([], { records: [record(`old${i}`, { event })], atMs: NOON });
  t.equal(idsOf(reader).length, 20);
  for (let i = 0; i < 20; i++) store.commit([], { records: [record(`new${i}`, { event })], atMs: NOON + 2_000 });
  t.strictSame(new Set(idsOf(reader).map((id) => id.slice(0, 3))), new Set(['new']));
  t.end();
});

t.test('bounds that became narrower, or none at all, count from the next start on', async (t) => {
  const { store, reader, file } = opened(t);
  for (let i = 0; i < 100; i++) {
    const event = { ...record('').event, payload: new Uint8Array(4 * KiB) };
    store.commit([], { records: [record(`r${i}`, { event })], atMs: NOON });
  }
  await store.close();
  const narrower = openStore(file, { records: { bytes: 64 * KiB, ageMs: 1e9 } });
  t.ok(idsOf(reader).length <= 16);
  t.equal(idsOf(reader)[0], 'r99');
  await narrower.close();
  const none = openStore(file, { records: { bytes: 0, ageMs: 1e9 } });
  none.commit([], { records: [record('off')], atMs: NOON });
  t.strictSame(idsOf(reader), []);
  await none.close();
});

t.test('a transaction that fails leaves no record, and the next one keeps its version of the task', async (t) => {
  const { store, reader } = opened(t);
  const closed = {
    get length(): number {
      throw new Error('the disk is full');
    },
  };
  const broken = record('broken', { task: { ...TASK, version: '2.0.0' }, log: closed as unknown as RunRecord['log'] });
  t.throws(() => store.commit([], { records: [broken], atMs: NOON }), { code: 'write-failed' });
  t.strictSame(idsOf(reader), []);
  store.commit([], { records: [{ ...broken, log: [] }], atMs: NOON });
  t.match(reader.find('broken/light', 0), { task: { version: '2.0.0', config: { quiet: '120' } } });
});

t.test('what is asked of the archive is answered by another thread, and faults are told', async (t) => {
  const { store, file } = opened(t);
  store.commit([], { records: [record('1')], atMs: NOON });
  const archive = new RecordArchive(file);
  t.match(JSON.parse(await archive.list(ANY)), [{ runId: '1/light' }]);
  t.match(JSON.parse((await archive.find('1/light', NOON)) ?? ''), { runId: '1/light', event: { topic: 'a/b' } });
  t.equal(await archive.find('2/light', NOON), undefined);
  await archive.close();
  await t.rejects(archive.list(ANY), { message: 'Cannot read records as the hub is closed' });
  const missing = new RecordArchive(join(file, 'none'));
  await t.rejects(missing.list(ANY));
  await missing.close();
});

t.test('a run that listed keys conflicts when one has come or gone since, and not when a value changed', (t) => {
  const { store } = opened(t);
  const writes = (key: string, value?: Uint8Array) => [{ bucket: 'b', key, value }];
  const listing = (version: number) => ({
    reads: [],
    listed: [{ bucket: 'b', version }],
    writes: writes('sum', Buffer.from('1')),
  });
  const results = (...changes: Parameters<Store['commit']>[0]) => store.commit(changes).results;
  const committed = { kind: 'committed' };
  const conflict = { kind: 'conflict', bucket: 'b' };

  t.strictSame(results({ reads: [], writes: writes('k1', Buffer.from('1')) }), [committed]);
  t.strictSame(results(listing(0)), [conflict], 'a key has come');
  t.strictSame(results(listing(1)), [committed], 'it has seen that one; its own is new');
  t.strictSame(results({ reads: [], writes: writes('k1', Buffer.from('2')) }, listing(2)), [committed, committed]);
  t.strictSame(results({ reads: [], writes: writes('k1') }, listing(2)), [committed, conflict], 'one has gone');
  t.strictSame(results({ reads: [], writes: writes('k1') }, listing(5)), [committed, committed], 'it was gone already');
  const others = { reads: [], listed: [{ bucket: 'other', version: 0 }], writes: [] };
  t.strictSame(results(others), [committed], 'of another bucket it has seen all');
  t.end();
});
