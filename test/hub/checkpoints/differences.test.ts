/** Checkpoints that are written as the difference to an earlier one. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CheckpointFiles } from '../../../hub/checkpoints/index.js';
import { checkpointDigest, describeCheckpoint, encodeCheckpoint } from '../../../runtime/index.js';
import { aCheckpoint, page } from '../../runtime/checkpoint/a-checkpoint.js';

/** With so many pages, of which the first so many are others. */
function checkpoint(pages: number, changed = 0): Uint8Array {
  const { guest } = aCheckpoint();
  const all = Array.from({ length: pages }, (_, index) => page(index, index < changed ? 200 : index));
  return encodeCheckpoint(aCheckpoint({ guest: { ...guest, memories: [{ length: 131_072, pages: all }] } }));
}

const WHOLE = checkpoint(32);
const LATER = checkpoint(32, 2);

function filesIn(t: Test): { readonly files: CheckpointFiles; readonly dir: string } {
  const dir = t.testdir({});
  const files = new CheckpointFiles(dir, new Set());
  t.teardown(() => files.close());
  return { files, dir };
}

t.test('of a later checkpoint only the difference is written, and it is read whole', async (t) => {
  const { files, dir } = filesIn(t);
  const first = await files.keep(WHOLE, { give: false });
  t.match(first, { digest: checkpointDigest(WHOLE), base: undefined });
  const { digest, base } = await files.keep(LATER, { give: false, base: first.digest });
  t.equal(base, first.digest);
  t.match(describeCheckpoint(readFileSync(join(dir, `${digest}.checkpoint`))), { base, pageBytes: 2 * 4_096 });
  t.same(Buffer.from(await files.read(digest)), Buffer.from(LATER));
  t.same(Buffer.from(await files.read(first.digest)), Buffer.from(WHOLE));
});

t.test('where the difference has more than half of it, all of it is written', async (t) => {
  const { files } = filesIn(t);
  const { digest: base } = await files.keep(WHOLE, { give: false });
  t.equal((await files.keep(checkpoint(32, 15), { give: false, base })).base, base);
  t.equal((await files.keep(checkpoint(32, 17), { give: false, base })).base, undefined);
});

t.test('nothing is made to rest on a file that is damaged or gone', async (t) => {
  const { files, dir } = filesIn(t);
  const { digest: base } = await files.keep(WHOLE, { give: false });
  const file = join(dir, `${base}.checkpoint`);
  writeFileSync(file, readFileSync(file).fill(0, 40, 50));
  t.equal((await files.keep(LATER, { give: false, base })).base, undefined);
  rmSync(file);
  t.equal((await files.keep(LATER, { give: false, base })).base, undefined);
});

t.test('what rests on a file that is gone is refused with the reason', async (t) => {
  const { files } = filesIn(t);
  const { digest: base } = await files.keep(WHOLE, { give: false });
  const { digest } = await files.keep(LATER, { give: false, base });
  await files.remove(base);
  await t.rejects(files.read(digest), { message: /no such file/ });
});

t.test('at the start files that nobody names go, and those named stay', async (t) => {
  const { files, dir } = filesIn(t);
  const { digest: base } = await files.keep(WHOLE, { give: false });
  const { digest } = await files.keep(LATER, { give: false, base });
  const again = new CheckpointFiles(dir, new Set([base]));
  t.strictSame(readdirSync(dir), [`${base}.checkpoint`]);
  t.ok(again.bytes > 0);
  t.not(digest, base);
});
