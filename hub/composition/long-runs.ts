/** What lets runs that take long stand still, outlive the hub, and move: parts that need each other. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { RunResult } from '../../runtime/index.js';
import { CheckpointFiles } from '../checkpoints/index.js';
import { Migrations, Selector } from '../migration/index.js';
import { CurrentRuns, filesOf, KeptPoints, Parking, ThreadLooks } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import type { Releases } from './releases.js';
import type { LongRuns, Rooms } from './rooms.js';

interface LongRunsNeeds extends Pick<Rooms, 'around' | 'foundation' | 'queues' | 'writing'> {
  readonly dataDir: string;
  readonly openCheckpoints: OpenCheckpoints | undefined;
}

/** Opens the folder of checkpoints, of which those wanted stay. */
export type OpenCheckpoints = (dir: string, wanted: ReadonlySet<string>) => CheckpointFiles;

export function makeLongRuns(needs: LongRunsNeeds, releases: Releases): LongRuns {
  const { placement, timer, clock, observe, log, late } = needs.around;
  const { store, runtime, keepsRecords } = needs.foundation;
  const { scheduler } = needs.queues;
  const { journal } = needs.writing;
  const found = { points: store.points(), moves: store.moves() };
  const moved = found.moves.flatMap(({ anchor, difference }) => [anchor, difference]);
  const wanted = [...found.points.flatMap(filesOf), ...moved.filter((digest) => digest !== undefined)];
  const { openCheckpoints = (dir, digests) => new CheckpointFiles(dir, digests) } = needs;
  const files = openCheckpoints(join(needs.dataDir, 'checkpoints'), new Set(wanted));
  releases.add(() => files.close());
  const durable = (): Promise<void> => store.durable();
  const ended = (job: Job<PendingRun>, result: RunResult): void => late.parts.executor.endParked(job, result);
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
    left: () => late.runsEnded([]),
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
    records: keepsRecords,
    observe,
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
      log,
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
