/** Points of a run on disk, by hubs that are killed, or whose power is cut, at each moment of keeping them. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Random } from '../../runtime/provision/fuzz/random.js';
import type { Loss } from '../storm/disk.js';
import { live, POINTS, wrongWith, type Cut, type Flaw } from './points-storm.js';

t.setTimeout(55_000);

const STORMS = Number(process.env['STERNA_STORMS'] ?? 15);
const SEED = Number(process.env['STERNA_STORM_SEED'] ?? Date.now() % 1_000_000);

/** Names folders, each of which is to be made by what is told of it. */
function folders(t: Test): () => string {
  // In memory where that can be had: the model says what a disk has confirmed, and real syncs would only take time.
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sterna-points-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  let count = 0;
  return () => join(directory, `${count++}`);
}

/** Lives that are cut short, and one that is not. @returns what is wrong after one of them. */
async function weather(next: () => string, cuts: readonly Cut[], flaw?: Flaw): Promise<readonly string[]> {
  let dir = next();
  for (const cut of cuts) {
    const leaves = next();
    const life = await live(dir, leaves, cut, flaw);
    if (life.stopped === undefined) break;
    const wrong = await wrongWith(leaves, life);
    if (wrong.length > 0) return [`stopped ${life.stopped}, moment ${cut.at} (${cut.loss})`, ...wrong];
    dir = leaves;
  }
  const last = await live(dir, '', { at: Infinity, loss: 'process' }, flaw);
  return wrongWith(dir, last);
}

/** Stops at each moment in turn, until something is wrong. */
async function everywhere(t: Test, loss: Loss, flaw?: Flaw): Promise<{ moments: number; wrong: readonly string[] }> {
  const next = folders(t);
  const { moments } = await live(next(), '', { at: Infinity, loss });
  for (let at = 0; at < moments; at++) {
    const wrong = await weather(next, [{ at, loss }], flaw);
    if (wrong.length > 0) return { moments, wrong };
  }
  return { moments, wrong: [] };
}

t.test('points are kept as differences to one that is whole, until one is whole again', async (t) => {
  const life = await live(folders(t)(), '', { at: Infinity, loss: 'process' });
  t.match(life, { stopped: undefined, isOver: true, kept: POINTS.length - 2 });
  t.equal(life.differences, 4, 'all but the first and the one in which most had changed');
});

for (const loss of ['process', 'power'] as const) {
  t.test(`whenever the ${loss} ends, the last point is there, whole, and nothing besides`, async (t) => {
    const { moments, wrong } = await everywhere(t, loss);
    t.strictSame(wrong, []);
    t.ok(moments > 50, `${moments} moments`);
  });
}

t.test(`${STORMS} random storms leave the same (seed ${SEED})`, async (t) => {
  const next = folders(t);
  for (let seed = SEED; seed < SEED + STORMS; seed++) {
    const random = new Random(seed);
    const cuts = random.list(2 + random.below(5), () => ({
      at: random.below(40),
      loss: random.pick<Loss>(['process', 'power']),
    }));
    const wrong = await weather(next, cuts);
    if (wrong.length > 0) t.strictSame(wrong, [], `seed ${seed}`);
  }
});

t.test('a hub that lets go of files before the disk has the row is found out', async (t) => {
  const { wrong } = await everywhere(t, 'power', (parts) => ({ ...parts, durable: () => Promise.resolve() }));
  t.ok(wrong.length > 0, wrong.join('; '));
});
