/** Files of checkpoints, and all that a cut of the power may leave of them at each moment of writing them. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { keepIn, readIn } from '../../../hub/checkpoints/checkpoint-folder.js';
import { encodeCheckpoint } from '../../../runtime/index.js';
import { aCheckpoint } from '../../runtime/checkpoint/a-checkpoint.js';
import { WatchedFolder } from '../storm/watched-folder.js';

const whole = (progress: number): Uint8Array => encodeCheckpoint(aCheckpoint({ progress }));

t.test('whenever the power is cut, what was said to be kept is there, also while it is written again', (t) => {
  const within = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sterna-checkpoint-folder-'));
  t.teardown(() => rmSync(within, { recursive: true }));
  const dir = join(within, 'checkpoints');
  mkdirSync(dir);
  const kept = new Map<string, Uint8Array>();
  const watched = new WatchedFolder(dir, () => [...kept]);
  for (const [checkpoint, base] of [[whole(1)], [whole(2), 0], [whole(1)], [whole(3)]] as const) {
    const on = base === undefined ? undefined : [...kept.keys()][base];
    kept.set(keepIn(dir, checkpoint, on).digest, checkpoint);
  }
  watched.close();
  const wrong: string[] = [];
  let count = 0;
  for (const { folder, told } of watched.leftovers(join(within, 'left'))) {
    for (const [digest, checkpoint] of told) {
      try {
        if (Buffer.compare(readIn(folder, digest), checkpoint) !== 0) wrong.push(`${digest} is another`);
      } catch (error) {
        wrong.push(`${digest}: ${String(error)}`);
      }
    }
    rmSync(folder, { recursive: true });
    count++;
  }
  t.strictSame(wrong.slice(0, 5), []);
  t.ok(kept.size === 3 && watched.moments > 20 && count > 100, `${count} disks of ${watched.moments} moments`);
  t.end();
});
