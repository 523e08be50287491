/** The points of a run as they are kept on disk, by hubs that stop at a moment of that, one on what the other has left. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepIn, readIn } from '../../../hub/checkpoints/checkpoint-folder.js';
import { CheckpointFiles } from '../../../hub/checkpoints/index.js';
import { Journal } from '../../../hub/journal/journal.js';
import { createLog } from '../../../hub/log.js';
import { filesOf } from '../../../hub/parking/index.js';
import { KeptPoints, type KeptPointsParts } from '../../../hub/parking/kept-points.js';
import type { PendingRun } from '../../../hub/pending-run.js';
import type { Job } from '../../../hub/scheduler/index.js';
import { openStore, type RunPlace, type Store, type StoredPoint } from '../../../hub/store/index.js';
import { encodeCheckpoint, glanceAt } from '../../../runtime/index.js';
import { aCheckpoint, page } from '../../runtime/checkpoint/a-checkpoint.js';
import { Disk, type Loss } from '../storm/disk.js';
import { FaultPoints } from '../storm/fault-points.js';

export interface Cut {
  /** The number of the moment; Infinity for none. */
  readonly at: number;
  readonly loss: Loss;
}

/** Breaks a promise, to see that it would be noticed. */
export type Flaw = (parts: KeptPointsParts) => KeptPointsParts;

export interface Life {
  /** Where it stopped; undefined when the run was over before. */
  readonly stopped: string | undefined;
  /** Moments that there were. */
  readonly moments: number;
  /** Fuel of the last point that it said was kept, by then; -1 for none. */
  readonly kept: number;
  /** Points that were written as differences, by then. */
  readonly differences: number;
  /** Whether the end of the run was on disk by then. */
  readonly isOver: boolean;
}

type Told = Pick<Life, 'kept' | 'differences' | 'isOver'>;

/** Pages of the run's memory: so many that a difference of one is much smaller. */
const PAGES = 32;
/** Of its points, by number, how many pages change. */
const CHANGES: readonly number[] = [PAGES, 1, 2, PAGES - 1, 1, 3];
/** Where so many do that it is written whole again. */
const WHOLE_AGAIN = 3;

/** Whole checkpoints of one run, in order: the fuel of each is its number. */
export const POINTS: readonly Uint8Array[] = CHANGES.map((_, number) => {
  const pages = Array.from({ length: PAGES }, (_, index) => {
    const changed = CHANGES.findLastIndex((count, i) => i <= number && index < count);
    // Such that packing does not make a page nothing.
    const bytes = page(index, 0).bytes.map((_, i) => Math.imul(i + 1, (changed + 1) * 2_654_435_761 + index) >>> 24);
    return { index, bytes };
  });
  const { guest, used } = aCheckpoint();
  const memories = [{ length: PAGES * 4_096, pages }];
  return encodeCheckpoint(aCheckpoint({ used: { ...used, fuel: number }, guest: { ...guest, memories } }));
});

const EVENT = {
  id: 'event',
  topic: 'a/b',
  payload: Buffer.from('x'),
  qos: 1,
  retain: false,
  arrivedAtMs: 1,
  clockMs: 2,
  runs: [{ task: 'long', seed: 3 }],
} as const;

/**
 * Keeps the points that follow the one that it finds, one after another, and then ends the run, while a last one is being
 * written.
 * @param dir what an earlier life has left, or nothing. @param leaves where it is left what this one leaves.
 */
export async function live(dir: string, leaves: string, cut: Cut, flaw: Flaw = (parts) => parts): Promise<Life> {
  const disk = new Disk(dir);
  const checkpoints = join(dir, 'checkpoints');
  mkdirSync(checkpoints, { recursive: true });
  let told: Told = { kept: -1, differences: 0, isOver: false };
  /** By the moment at which it stopped. */
  const before: { told?: Told } = {};
  const removed = new Map<string, Buffer>();
  let begins = (): void => undefined;
  let unfinished: { readonly digest: string; readonly share: number } | undefined;
  const faults = new FaultPoints(cut.at, () => {
    disk.leave(leaves, cut.loss);
    const copies = join(leaves, 'checkpoints');
    mkdirSync(copies);
    for (const name of readdirSync(checkpoints)) {
      const bytes = readFileSync(join(checkpoints, name));
      if (unfinished !== undefined && name.startsWith(unfinished.digest)) {
        const part = bytes.subarray(0, bytes.length * unfinished.share);
        writeFileSync(join(copies, `${unfinished.digest}.new`), part);
      } else writeFileSync(join(copies, name), bytes);
    }
    // Nothing asks the disk to keep that a file is gone.
    if (cut.loss === 'power') for (const [name, bytes] of removed) writeFileSync(join(copies, name), bytes);
    before.told = told;
  });
  const store = openStore(join(dir, 'state.db'), { sync: disk.sync });
  const [found] = store.points();
  const files = new CheckpointFiles(checkpoints, new Set(store.points().flatMap(filesOf)));
  const journal = journalOn(store);
  const place = await placeIn(store, journal);
  disk.opened(faults);
  const commit = store.commit.bind(store);
  store.commit = (changes, also) => faults.around('a commit', () => commit(changes, also));
  const points = new KeptPoints(
    flaw({
      files: {
        keep: async (checkpoint, { base }) => {
          faults.pass('before a file');
          begins();
          // As its thread does; starting one for each life would take most of the time.
          await new Promise((resolve) => setImmediate(resolve));
          const answer = keepIn(checkpoints, checkpoint, base);
          if (answer.base !== undefined) told = { ...told, differences: told.differences + 1 };
          for (const [share, what] of [0.5, 1].map(
            (share) => [share, share < 1 ? 'cut short' : 'not named'] as const,
          )) {
            unfinished = { digest: answer.digest, share };
            faults.pass(`a file ${what}`);
          }
          unfinished = undefined;
          faults.pass('after a file');
          return answer;
        },
        remove: async (digest) => {
          const name = `${digest}.checkpoint`;
          if (!readdirSync(checkpoints).includes(name)) return files.remove(digest);
          faults.pass('before a file goes');
          removed.set(name, readFileSync(join(checkpoints, name)));
          await files.remove(digest);
          faults.pass('after a file went');
        },
      },
      journal,
      durable: () => store.durable(),
      clock: () => 1,
      observe: (seen) => {
        if (seen.kind === 'run-checkpointed') told = { ...told, kept: seen.fuel };
      },
      log: createLog('silent'),
    }),
  );
  const job = aJob(place);
  if (found !== undefined) points.adopt(job, found);
  const keep = (number: number): Promise<unknown> | undefined => {
    const checkpoint = POINTS[number];
    return checkpoint && points.keep(job, Uint8Array.from(checkpoint), { byHand: () => false, give: true });
  };
  for (let next = (found?.fuel ?? -1) + 1; next < POINTS.length - 1 && before.told === undefined; next++) {
    const keeps = keep(next);
    // The next one comes while this one is on its way, as where a run is parked just after a point of it.
    if (next !== WHOLE_AGAIN) await keeps;
  }
  if (before.told === undefined) {
    const begun = new Promise<void>((resolve) => (begins = resolve));
    const late = keep(POINTS.length - 1);
    await begun;
    points.ended(job);
    await new Promise<void>((resolve) => journal.write([{ reads: [], writes: [], ends: place }], () => resolve()));
    points.forget(job);
    await store.durable();
    told = { ...told, isOver: true };
    await late;
  }
  await points.settled();
  await journal.close();
  await store.close();
  return { ...(before.told ?? told), stopped: faults.stoppedAt, moments: faults.passed };
}

/** What is wrong with what a life has left; nothing when all is as it should be. */
export async function wrongWith(dir: string, { kept, isOver }: Life): Promise<readonly string[]> {
  const store = openStore(join(dir, 'state.db'));
  const rows = store.points();
  const wanted = new Set(rows.flatMap(filesOf));
  // Removes what no row names.
  void new CheckpointFiles(join(dir, 'checkpoints'), wanted);
  try {
    const there = readdirSync(join(dir, 'checkpoints'));
    const wrong: string[] = [];
    if (there.length !== wanted.size) wrong.push(`${there.length} files are there, and ${wanted.size} are named`);
    const goesOn = [...store.unfinished()].length > 0;
    if (goesOn && isOver) wrong.push('the run is not over');
    if (goesOn && kept >= 0 && rows.length === 0) wrong.push('no point is there');
    if (!goesOn && rows.length > 0) wrong.push('a point of a run that is over is there');
    for (const row of rows) wrong.push(...wrongWithPoint(row, kept, join(dir, 'checkpoints')));
    return wrong;
  } finally {
    await store.close();
  }
}

function wrongWithPoint({ digest, fuel }: StoredPoint, kept: number, folder: string): readonly string[] {
  if (fuel < kept) return [`point ${fuel} is there, and ${kept} was said to be kept`];
  try {
    const checkpoint = readIn(folder, digest);
    const isWhole = Buffer.compare(checkpoint, POINTS[fuel] ?? new Uint8Array(0)) === 0;
    return isWhole ? [] : [`point ${fuel} is another: ${glanceAt(checkpoint).fuel}`];
  } catch (error) {
    return [`point ${fuel} cannot be read: ${String(error)}`];
  }
}

export function journalOn(store: Store): Journal {
  return new Journal({
    store,
    log: createLog('silent'),
    lettersDropped: () => undefined,
    clock: () => 1,
    released: () => undefined,
    failed: (error) => {
      throw error;
    },
  });
}

/** Where the inbox has the run; it is put there if it is not. */
export async function placeIn(store: Store, journal: Journal): Promise<RunPlace> {
  const [group] = store.unfinished();
  if (group !== undefined) return { group: group.id, run: 0 };
  return new Promise((resolve) => {
    const place = journal.receive(EVENT, undefined, () => resolve(place));
  });
}

export function aJob(place: RunPlace): Job<PendingRun> {
  const manifest = { name: 'long', version: '1' };
  const task = { manifest, installed: { digest: 'c'.repeat(64), resumable: 'x' }, toml: 'name = "long"' };
  return { value: { runId: 'run', task, place, attempt: 2 } } as never;
}
