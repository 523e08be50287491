/** Stubs of a run on disk, by hubs that are killed, or whose power is cut, at each moment of keeping them. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { checkpointDigest } from '../../../runtime/index.js';
import type { Loss } from '../storm/disk.js';
import { live, wrongWith, type Flaw } from './moves-storm.js';

t.setTimeout(55_000);

const WHOLE = { at: Infinity, loss: 'process' } as const;

/** Stops at each moment in turn, and lets another hub go on from there, until something is wrong. */
async function everywhere(t: Test, loss: Loss, flaw?: Flaw): Promise<{ moments: number; wrong: readonly string[] }> {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sterna-stubs-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  let count = 0;
  const next = (): string => join(directory, `${count++}`);
  const { moments } = await live(next(), '', WHOLE);
  for (let at = 0; at < moments; at++) {
    const leaves = next();
    const life = await live(next(), leaves, { at, loss }, flaw);
    if (life.stopped === undefined) break;
    const wrong = [...(await wrongWith(leaves, life))];
    if (wrong.length === 0) wrong.push(...(await wrongWith(leaves, await live(leaves, '', WHOLE))));
    if (wrong.length > 0) return { moments, wrong: [`stopped ${life.stopped}, moment ${at} (${loss})`, ...wrong] };
  }
  return { moments, wrong: [] };
}

for (const loss of ['process', 'power'] as const) {
  t.test(
    `whenever the ${loss} ends, the stub that was said to be kept is there, and can be gone on from`,
    async (t) => {
      const { moments, wrong } = await everywhere(t, loss);
      t.strictSame(wrong, []);
      t.ok(moments > 40, `${moments} moments`);
    },
  );
}

t.test('a hub that does not wait for its disk before it says that a stub is kept is found out', async (t) => {
  const { wrong } = await everywhere(t, 'power', (parts) => ({ ...parts, durable: () => Promise.resolve() }));
  t.ok(wrong.length > 0, wrong.join('; '));
});

t.test('a hub that keeps the row before the checkpoints that it names is found out', async (t) => {
  const late: Promise<unknown>[] = [];
  const { wrong } = await everywhere(t, 'process', (parts) => {
    const keep: typeof parts.files.keep = (bytes, how) => {
      late.push(setTimeout(5).then(() => parts.files.keep(bytes, how)));
      return Promise.resolve({ digest: checkpointDigest(bytes), base: undefined, bytes: 0 });
    };
    return { ...parts, files: { ...parts.files, keep } };
  });
  await Promise.allSettled(late);
  t.ok(wrong.length > 0, wrong.join('; '));
});
