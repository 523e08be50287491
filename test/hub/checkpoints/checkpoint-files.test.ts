/** Checkpoints on a real disk, written by a real thread. */
import fs, { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CheckpointFiles } from '../../../hub/checkpoints/index.js';
import { checkpointDigest, encodeCheckpoint, packCheckpoint } from '../../../runtime/index.js';
import { aCheckpoint } from '../../runtime/checkpoint/a-checkpoint.js';

t.setTimeout(55_000);

const checkpointOf = (progress: number): Uint8Array => encodeCheckpoint(aCheckpoint({ progress }));

function filesIn(t: Test, dir: string, wanted: readonly string[] = []): CheckpointFiles {
  const files = new CheckpointFiles(dir, new Set(wanted));
  t.teardown(() => files.close());
  return files;
}

t.test('a checkpoint is a file named by its digest, packed, and for its owner only', async (t) => {
  const dir = join(t.testdir({}), 'checkpoints');
  const files = filesIn(t, dir);
  const checkpoint = checkpointOf(1);
  const kept = await files.keep(checkpoint, { give: false });
  t.equal(kept.digest, checkpointDigest(checkpoint));
  t.strictSame(readdirSync(dir), [`${kept.digest}.checkpoint`]);
  const { size, mode } = statSync(join(dir, `${kept.digest}.checkpoint`));
  t.strictSame([size, files.bytes, kept.bytes], [packCheckpoint(checkpoint).length, size, size]);
  t.equal(mode & 0o077, 0);
  t.strictSame(Buffer.from(await files.read(kept.digest)), Buffer.from(checkpoint), 'and comes back as it was');
  await files.keep(checkpoint, { give: false });
  t.equal(files.bytes, kept.bytes, 'kept twice it is there once');
  await files.remove(kept.digest);
  t.strictSame([readdirSync(dir), files.bytes], [[], 0]);
  await t.rejects(files.read(kept.digest), /ENOENT/);
});

t.test('the disk knows of the folder before anything is in it', (t) => {
  const dir = t.testdir({});
  const [{ openSync, fsyncSync }, opened, synced] = [{ ...fs }, new Map<number, unknown>(), new Set<unknown>()];
  Object.assign(fs, {
    openSync: (path: string, flags: string) => {
      const fd = openSync(path, flags);
      opened.set(fd, path);
      return fd;
    },
    fsyncSync: (fd: number) => {
      synced.add(opened.get(fd));
      fsyncSync(fd);
    },
  });
  syncBuiltinESMExports();
  filesIn(t, join(dir, 'checkpoints'));
  Object.assign(fs, { openSync, fsyncSync });
  syncBuiltinESMExports();
  t.ok(synced.has(dir));
  t.end();
});

t.test('a file that is damaged, or another than its name says, is not read', async (t) => {
  const dir = t.testdir({});
  const files = filesIn(t, dir);
  const [one, other] = [
    await files.keep(checkpointOf(1), { give: true }),
    await files.keep(checkpointOf(2), { give: true }),
  ];
  const nameOf = ({ digest }: { readonly digest: string }): string => join(dir, `${digest}.checkpoint`);
  writeFileSync(nameOf(one), readFileSync(nameOf(other)));
  await t.rejects(files.read(one.digest), /the checkpoint is another than its name says/);
  writeFileSync(nameOf(one), readFileSync(nameOf(other)).subarray(0, -1));
  await t.rejects(files.read(one.digest), /should have \d+ bytes/);
  t.ok(await files.read(other.digest), 'the thread goes on');
});

t.test('a hub that starts keeps the files that count, and removes all others', async (t) => {
  const dir = t.testdir({});
  const before = filesIn(t, dir);
  const [one, other] = [
    await before.keep(checkpointOf(1), { give: true }),
    await before.keep(checkpointOf(2), { give: true }),
  ];
  await before.close();
  writeFileSync(join(dir, `${'0'.repeat(64)}.new`), 'cut short');
  const files = filesIn(t, dir, [one.digest, 'f'.repeat(64)]);
  t.strictSame(readdirSync(dir), [`${one.digest}.checkpoint`]);
  t.equal(files.bytes, one.bytes);
  await files.remove(other.digest);
  t.equal(files.bytes, one.bytes);
});

t.test('with a folder that is gone, the next checkpoint is kept all the same', async (t) => {
  const dir = join(t.testdir({}), 'checkpoints');
  const files = filesIn(t, dir);
  const lost = await files.keep(checkpointOf(1), { give: true });
  rmSync(dir, { recursive: true });
  await t.rejects(files.read(lost.digest), /ENOENT/);
  const kept = await files.keep(checkpointOf(2), { give: true });
  t.strictSame(readdirSync(dir), [`${kept.digest}.checkpoint`]);
  await files.remove(lost.digest);
  t.equal(files.bytes, kept.bytes);
});

t.test('what is no checkpoint is refused, and leaves nothing behind', async (t) => {
  const dir = t.testdir({});
  const files = filesIn(t, dir);
  await t.rejects(files.keep(Buffer.from('nothing'), { give: false }), /these bytes are no checkpoint/);
  t.strictSame([readdirSync(dir), files.bytes], [[], 0]);
});

t.test('after its thread has ended, another is started', async (t) => {
  const dir = t.testdir({});
  const files = filesIn(t, dir);
  const { digest } = await files.keep(checkpointOf(1), { give: true });
  await files.close();
  t.ok(await files.read(digest));
});
