/** What lets runs that take long stand still, outlive the hub, and move: parts that need each other. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { RunResult, Runtime } from '../runtime/index.js';
import { CheckpointFiles } from './checkpoints/index.js';
import type { Observer } from './observations.js';
import type { Journal } from './journal/index.js';
import type { Logger } from './log.js';
import { Migrations, Selector } from './migration/index.js';
import { CurrentRuns, filesOf, KeptPoints, Parking, ThreadLooks } from './parking/index.js';
import type { PendingRun } from './pending-run.js';
import type { Placement } from './placement/index.js';
import type { Releases } from './releases.js';
import type { Job, Scheduler } from './scheduler/index.js';
import type { Store, StoredMove, StoredPoint } from './store/index.js';
import type { Timer } from './timer.js';

export interface LongRunsParts {
  readonly dataDir: string;
  /** See `HubOptions`. */
  readonly openCheckpoints?: ((dir: string, wanted: ReadonlySet<string>) => CheckpointFiles) | undefined;
  readonly store: Store;
  readonly journal: Journal;
  readonly runtime: Runtime;
  readonly scheduler: Scheduler<PendingRun>;
  readonly placement: Pick<Placement, 'linksFor' | 'elsewhere'> | undefined;
  /** Whether records of runs are kept. */
  readonly keepsRecords: boolean;
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly observe: Observer;
  readonly log: Logger;
  /** A run that stood still, or was away, has come to its end. */
  readonly ended: (job: Job<PendingRun>, result: RunResult) => void;
  /** Runs have left without an end. */
  readonly left: () => void;
}

export interface LongRuns {
  readonly parking: Parking;
  readonly looks: ThreadLooks;
  readonly points: KeptPoints;
  readonly migrations: Migrations;
  readonly current: CurrentRuns;
  /** What an earlier hub has left of them. */
  readonly found: { readonly points: readonly StoredPoint[]; readonly moves: readonly StoredMove[] };
  /** Lets runs move. Those that were found must have been taken up. */
  start(): void;
}

export function longRuns(parts: LongRunsParts, releases: Releases): LongRuns {
  const { store, journal, runtime, scheduler, placement, timer, clock, observe, log, ended } = parts;
  const found = { points: store.points(), moves: store.moves() };
  const moved = found.moves.flatMap(({ anchor, difference }) => [anchor, difference]);
  const wanted = [...found.points.flatMap(filesOf), ...moved.filter((digest) => digest !== undefined)];
  const { openCheckpoints = (dir, digests) => new CheckpointFiles(dir, digests) } = parts;
  const files = openCheckpoints(join(parts.dataDir, 'checkpoints'), new Set(wanted));
  releases.add(() => files.close());
  const durable = (): Promise<void> => store.durable();
  const points = new KeptPoints({ files, journal, durable, clock, observe, log });
  const parking = new Parking({
    runtime,
    scheduler,
    points,
    files,
    moving: {
      has: (job) => migrations.has(job),
      stretchOf: (job) => migrations.stretchOf(job),
      cancel: (runId) => migrations.cancel(runId),
      stopKey: (task, key) => migrations.stopKey(task, key),
      over: (job, goesAgain) => migrations.over(job, goesAgain),
      hold: (task) => migrations.hold(task),
    },
    timer,
    observe,
    log,
    ended,
    left: parts.left,
  });
  const looks = new ThreadLooks({
    runtime,
    scheduler,
    parking,
    elsewhere: () => placement?.elsewhere ?? 0,
    timer,
    observe,
  });
  releases.add(() => looks.stop());
  const migrations = new Migrations({
    links: (moves) => placement?.linksFor(moves),
    runtime,
    scheduler,
    parking,
    find: (runId) => looks.find(runId) ?? parking.standing.find(({ value }) => value.runId === runId),
    points,
    files,
    journal,
    durable,
    end: ended,
    timer,
    clock,
    newId: () => randomBytes(8).toString('hex'),
    records: parts.keepsRecords,
    log,
  });
  const select = (): void => {
    const selector = new Selector({
      migrations,
      links: migrations.links,
      runs: () => [...new Set([...looks.out, ...migrations.jobs])],
      fuelOf: (job) => parking.seen(job)?.fuel ?? 0,
      pointBytesOf: (job) => {
        const point = points.of(job);
        return point && filesOf(point).reduce((bytes, digest) => bytes + files.bytesOf(digest), 0);
      },
      occupancy: () => runtime.occupancy,
      timer,
    });
    releases.add(() => selector.stop());
  };
  return {
    parking,
    looks,
    points,
    migrations,
    current: new CurrentRuns({ runtime, parking, threads: looks, migrations, timer }),
    found,
    start: () => {
      migrations.start();
      if (migrations.links.areSelected) select();
    },
  };
}
