import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { STORE_BOUNDS } from '../../../hub/store/limits.js';
import { openStore, type StateChange, type Store } from '../../../hub/store/index.js';
import { openState } from '../../../hub/store/reader.js';
import type { StateReader, Stored } from '../../../runtime/index.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const set = (key: string, value: string, bucket = 'b'): StateChange => ({
  reads: [],
  writes: [{ bucket, key, value: bytes(value) }],
});

function opened(t: Test): {
  store: Store;
  reader: StateReader;
  file: string;
  get: (key: string) => Stored | undefined;
} {
  const file = join(t.testdir({}), 'state.db');
  const store = openStore(file);
  const reader = openState({ file });
  t.teardown(() => {
    reader.close();
    return store.close();
  });
  const get = (key: string): Stored | undefined => {
    const snapshot = reader.snapshot();
    try {
      return snapshot.get('b', key);
    } finally {
      snapshot.release();
    }
  };
  return { store, reader, file, get };
}

t.test('what was committed is read, by each thread that has the file', (t) => {
  const { store, get, file } = opened(t);
  t.same(store.commit([set('k', 'one')]).results, [{ kind: 'committed' }]);
  t.same(text(get('k')), 'one');
  const other = openState({ file });
  const snapshot = other.snapshot();
  t.same(text(snapshot.get('b', 'k')), 'one');
  snapshot.release();
  other.close();
  t.equal(get('none'), undefined);
  t.end();
});

t.test('a version grows with each write of a key, also across a delete and a restart', async (t) => {
  const { store, get, file } = opened(t);
  const versions: number[] = [];
  const note = (): void => void versions.push(get('k')?.version ?? 0);
  store.commit([set('k', '1')]);
  note();
  store.commit([set('k', '2')]);
  note();
  store.commit([{ reads: [], writes: [{ bucket: 'b', key: 'k', value: undefined }] }]);
  t.equal(get('k'), undefined);
  await store.close();
  const again = openStore(file);
  again.commit([set('k', '3')]);
  note();
  await again.close();
  t.ok((versions[0] ?? 0) > 0);
  t.same(
    versions,
    [...new Set(versions)].toSorted((a, b) => a - b),
  );
  t.equal(versions.length, 3);
});

t.test('a run whose reads were overtaken is a conflict and nothing of it is applied', (t) => {
  const { store, get } = opened(t);
  store.commit([set('k', 'old')]);
  const seen = get('k')?.version ?? 0;
  store.commit([set('k', 'new')]);
  const late: StateChange = { reads: [{ bucket: 'b', key: 'k', version: seen }], writes: set('other', 'x').writes };
  t.same(store.commit([late]).results, [{ kind: 'conflict', bucket: 'b', key: 'k' }]);
  t.equal(get('other'), undefined);
  const now: StateChange = { ...late, reads: [{ bucket: 'b', key: 'k', version: get('k')?.version ?? 0 }] };
  t.same(store.commit([now]).results, [{ kind: 'committed' }]);
  t.end();
});

t.test('a key that was absent is version 0, and its creation is a conflict', (t) => {
  const { store } = opened(t);
  const absent: StateChange = { reads: [{ bucket: 'b', key: 'k', version: 0 }], writes: set('k', 'mine').writes };
  t.same(store.commit([absent]).results, [{ kind: 'committed' }]);
  t.match(store.commit([absent]).results, [{ kind: 'conflict' }]);
  t.end();
});

t.test('of runs committed together, each sees what those before it wrote', (t) => {
  const { store, get } = opened(t);
  const first: StateChange = { reads: [{ bucket: 'b', key: 'n', version: 0 }], writes: set('n', '1').writes };
  const second: StateChange = { reads: [{ bucket: 'b', key: 'n', version: 0 }], writes: set('n', '2').writes };
  const onlyReads: StateChange = { reads: [{ bucket: 'b', key: 'n', version: 0 }], writes: [] };
  t.match(store.commit([first, second, onlyReads, set('m', 'x')]).results, [
    { kind: 'committed' },
    { kind: 'conflict' },
    { kind: 'conflict' },
    { kind: 'committed' },
  ]);
  t.equal(text(get('n')), '1');
  t.equal(text(get('m')), 'x');
  t.end();
});

t.test('a snapshot sees one moment, from its first read on', (t) => {
  const { store, reader } = opened(t);
  store.commit([set('k', 'before')]);
  const snapshot = reader.snapshot();
  store.commit([set('k', 'at first read')]);
  t.equal(text(snapshot.get('b', 'k')), 'at first read');
  store.commit([set('k', 'after'), set('l', 'after')]);
  t.equal(text(snapshot.get('b', 'k')), 'at first read');
  t.equal(snapshot.get('b', 'l'), undefined);
  t.same(snapshot.keys('b', undefined, 10), ['k']);
  snapshot.release();
  const next = reader.snapshot();
  t.equal(text(next.get('b', 'k')), 'after');
  next.release();
  next.release();
  t.end();
});

t.test('keys come in the order of their bytes, page by page, any text being a key', (t) => {
  const { store, reader } = opened(t);
  const keys = ['', 'a', 'a\0b', 'ab', 'z', 'é', '\uffee', '😀'];
  store.commit(keys.toReversed().map((key) => set(key, `value of ${key}`)));
  store.commit([set('elsewhere', 'x', 'other')]);
  const snapshot = reader.snapshot();
  const pages: string[] = [];
  for (let after: string | undefined; ;) {
    const page = snapshot.keys('b', after, 3);
    pages.push(...page);
    after = page.at(-1);
    if (after === undefined) break;
  }
  t.same(pages, keys);
  for (const key of keys) t.equal(text(snapshot.get('b', key)), `value of ${key}`);
  snapshot.release();
  t.end();
});

t.test('the last write of a key counts, and an empty value is a value', (t) => {
  const { store, get } = opened(t);
  store.commit([{ reads: [], writes: [...set('k', 'first').writes, ...set('k', '').writes] }]);
  t.equal(get('k')?.value.length, 0);
  store.commit([{ reads: [], writes: [...set('k', 'x').writes, { bucket: 'b', key: 'k', value: undefined }] }]);
  t.equal(get('k'), undefined);
  t.end();
});

t.test('a value of the largest size is kept, one byte more is refused', (t) => {
  const { store, get } = opened(t);
  const write = (size: number): StateChange => ({
    reads: [],
    writes: [{ bucket: 'b', key: 'k', value: new Uint8Array(size) }],
  });
  t.same(store.commit([write(STORE_BOUNDS.valueBytes)]).results, [{ kind: 'committed' }]);
  t.match(store.commit([write(STORE_BOUNDS.valueBytes + 1), set('ok', 'x')]).results, [
    { kind: 'refused', message: /at most 1048576 bytes/ },
    { kind: 'committed' },
  ]);
  t.equal(get('k')?.value.length, STORE_BOUNDS.valueBytes);
  t.end();
});

t.test('a bucket grows to its bound and can shrink again, also after a restart', async (t) => {
  const { store, file } = opened(t);
  const size = 1_000_000;
  const write = (i: number): StateChange => ({
    reads: [],
    writes: [{ bucket: 'b', key: `${i}`, value: new Uint8Array(size) }],
  });
  const fits = Math.floor(STORE_BOUNDS.bucketBytes / (size + 2));
  for (let i = 0; i < fits; i++) t.match(store.commit([write(i)]).results, [{ kind: 'committed' }]);
  t.match(store.commit([write(fits)]).results, [
    { kind: 'refused', message: /the bucket b must have at most 67108864 bytes/ },
  ]);
  t.match(store.commit([write(0)]).results, [{ kind: 'committed' }], 'replacing is no growth');
  await store.close();
  const again = openStore(file);
  t.match(again.commit([write(fits)]).results, [{ kind: 'refused' }]);
  again.commit([{ reads: [], writes: [{ bucket: 'b', key: '1', value: undefined }] }]);
  t.match(again.commit([write(fits)]).results, [{ kind: 'committed' }]);
  await again.close();
});

t.test('a file that is no database is refused by name', (t) => {
  const file = join(t.testdir({}), 'state.db');
  writeFileSync(file, 'this is not a database, and it is longer than a header would be '.repeat(20));
  t.throws(() => openStore(file), { name: 'StoreError', code: 'open-failed', message: /state\.db/ });
  t.end();
});

t.test('a closed store says so', (t) => {
  const { store } = opened(t);
  void store.close();
  void store.close();
  t.throws(() => store.commit([]), { code: 'closed' });
  t.end();
});

function text(stored: Stored | undefined): string | undefined {
  return stored === undefined ? undefined : Buffer.from(stored.value).toString('utf8');
}

t.test('a store that is put back gives no version again that was read of the one that came after it', async (t) => {
  const dir = t.testdir({});
  const [file, copy] = [join(dir, 'state.db'), join(dir, 'copy')];
  const first = openStore(file);
  first.commit([set('k', 'before')]);
  await first.backup(copy);
  first.commit([set('k', 'lost')]);
  const reader = openState({ file });
  const snapshot = reader.snapshot();
  const version = snapshot.get('b', 'k')?.version ?? 0;
  snapshot.release();
  reader.close();
  await first.close();

  mkdirSync(join(dir, 'later'));
  const later = join(dir, 'later', 'state.db');
  copyFileSync(copy, later);
  const store = openStore(later);
  t.teardown(() => store.close());
  store.commit([set('k', 'anew')]);
  const late: StateChange = { reads: [{ bucket: 'b', key: 'k', version }], writes: [] };
  t.match(store.commit([late]).results, [{ kind: 'conflict' }]);
});
