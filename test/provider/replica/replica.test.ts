import { existsSync, readdirSync } from 'node:fs';
import t from 'tap';
import { openState } from '../../../provider/replica/reader.js';
import { Replica } from '../../../provider/replica/replica.js';

const text = (value: string): Uint8Array => Buffer.from(value);
const entry = (key: string, version: number, value?: string) => ({
  bucket: 'b/c',
  key,
  version,
  value: value === undefined ? undefined : text(value),
});

t.test('threads see what was appended, each snapshot one moment', (t) => {
  const dir = t.testdir({});
  const replica = new Replica(dir, 1, 1_000_000);
  const reader = openState({ dir });
  const view = replica.view();
  const { prefix } = view;
  replica.apply({
    entries: [entry('k', 1, 'one'), entry('ä', 2, 'x'.repeat(200_000)), entry('a', 3, '')],
    sets: [{ bucket: 'b/c', version: 3 }],
    revision: 1,
  });
  const first = reader.snapshot();
  const id = `${prefix}b/c`;
  t.equal(Buffer.from(first.get(id, 'k')?.value ?? []).toString(), 'one');
  t.strictSame(first.keys(id, undefined, 10), ['a', 'k', 'ä'], 'in the order of their bytes');
  t.strictSame(first.keys(id, 'a', 1), ['k']);
  t.equal(first.keysVersion(id), 3);
  replica.apply({ entries: [entry('k', 4, 'two'), entry('a', 5)], sets: [{ bucket: 'b/c', version: 5 }], revision: 2 });
  t.equal(first.get(id, 'k')?.version, 1, 'a snapshot that has begun does not move');
  first.release();
  const second = reader.snapshot();
  t.strictSame([second.get(id, 'k')?.version, second.get(id, 'a'), second.keysVersion(id)], [4, undefined, 5]);
  t.equal(second.get(id, 'ä')?.value.length, 200_000);
  t.equal(second.get(`${prefix}other`, 'k'), undefined);
  second.release();
  reader.close();
  view.release();
  replica.close();
  t.strictSame(readdirSync(dir), [], 'nothing is left');
  t.end();
});

t.test('a replica is written anew when most of it is old, and runs that were begun go on reading', (t) => {
  const dir = t.testdir({});
  const replica = new Replica(dir, 2, 1_000_000);
  const reader = openState({ dir });
  const before = replica.view();
  for (let i = 1; i <= 40; i++) {
    replica.apply({
      entries: [entry('k', i, `${i}${'x'.repeat(100_000)}`)],
      sets: [{ bucket: 'b/c', version: 7 }],
      revision: i,
    });
  }
  const after = replica.view();
  t.not(after.prefix, before.prefix, 'there is a new file');
  const old = reader.snapshot();
  t.ok((old.get(`${before.prefix}b/c`, 'k')?.version ?? 0) > 0, 'and the old one can be read');
  old.release();
  const now = reader.snapshot();
  t.equal(now.get(`${after.prefix}b/c`, 'k')?.version, 40);
  t.equal(now.keysVersion(`${after.prefix}b/c`), 7);
  now.release();
  const files = readdirSync(dir);
  before.release();
  t.ok(files.length > readdirSync(dir).length, 'which goes with the last run that reads it');
  t.ok(existsSync(`${dir}/${after.prefix.slice(0, -1)}.log`));
  replica.reset();
  t.equal(replica.revision, 0);
  reader.close();
  t.end();
});

t.test('what would be too much, or goes back, is refused and changes nothing', (t) => {
  const dir = t.testdir({});
  const replica = new Replica(dir, 3, 1_000);
  replica.apply({ entries: [entry('k', 1, 'x'.repeat(900))], sets: [], revision: 5 });
  t.throws(() => replica.apply({ entries: [entry('l', 2, 'x'.repeat(200))], sets: [], revision: 6 }), {
    code: 'quota',
  });
  t.throws(() => replica.apply({ entries: [], sets: [], revision: 4 }), { code: 'out-of-turn' });
  replica.apply({ entries: [entry('k', 3, 'x'.repeat(990))], sets: [], revision: 6 });
  t.equal(replica.revision, 6, 'the place of the old value is free again');
  replica.close();
  t.end();
});
