import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openStore, type StateChange, type Store } from '../../../hub/store/index.js';
import { smallDisk, smallDiskMissing } from '../../fixtures/small-disk.js';

const MiB = 1024 * 1024;

const write = (i: number): StateChange => ({
  reads: [],
  writes: [{ bucket: 'b', key: `${i}`, value: Buffer.alloc(16_384, 1) }],
});

/** Writes until there is no room. @returns how many were written. */
function filled(store: Store): number {
  for (let i = 0; i < 1_000; i++) {
    try {
      store.commit([write(i)]);
    } catch {
      return i;
    }
  }
  throw new Error('the disk is larger than it should be');
}

t.test('a full disk fails a transaction whole; with room again it goes on', { skip: smallDiskMissing() }, async (t) => {
  const { directory } = smallDisk(t, 4);
  const filler = join(directory, 'filler');
  writeFileSync(filler, Buffer.alloc(2 * MiB));
  const file = join(directory, 'state.db');
  const store = openStore(file);
  const written = filled(store);
  t.ok(written > 5, `${written} were written`);
  const place = { group: store.nextInboxId(), run: 0 };
  t.throws(() => store.commit([{ ...write(written), ends: place }]), { code: 'write-failed' });
  await store.durable();

  rmSync(filler);
  t.match(store.commit([write(written)]).results, [{ kind: 'committed' }]);
  await store.close();
  const again = openStore(file);
  const reads = Array.from({ length: written + 1 }, (_, i) => ({ bucket: 'b', key: `${i}`, version: i + 1 }));
  t.match(again.commit([{ reads, writes: [] }]).results, [{ kind: 'committed' }], 'each is there, once');
  await again.close();
});
