/** Runs of one resumable task between a real scheduler and a runtime, a disk and a store that do as they are told. */
import type { Observation } from '../../../hub/observations.js';
import { createLog } from '../../../hub/log.js';
import { fitsOf } from '../../../hub/parking/fits.js';
import { CurrentRuns, KeptPoints, lastFuel, Parking, ThreadLooks } from '../../../hub/parking/index.js';
import type { PendingRun } from '../../../hub/pending-run.js';
import type { DeployedTask } from '../../../hub/registry/index.js';
import { Scheduler, type Job } from '../../../hub/scheduler/index.js';
import type { ChangeResult, StoredPoint, StateChange } from '../../../hub/store/index.js';
import {
  checkpointDigest,
  decodeCheckpoint,
  encodeCheckpoint,
  type PointOptions,
  type RunEnd,
  type RunResult,
} from '../../../runtime/index.js';
import { aCheckpoint } from '../../runtime/checkpoint/a-checkpoint.js';
import { virtualTimer } from '../virtual-timer.js';

/** A run that the runtime has. */
interface Given {
  readonly runId: string;
  /** Fuel of the checkpoint that it goes on from; undefined for one that begins. */
  readonly from: number | undefined;
  readonly options: PointOptions;
  asked: boolean;
  readonly end: (end: RunEnd) => void;
  /** The runtime cannot execute it. */
  readonly fail: (error: Error) => void;
}

interface Keeping {
  readonly checkpoint: Uint8Array;
  readonly answer: (kept: boolean) => void;
}

export interface ParkedRunsOptions {
  /** Threads, each for one run. Default: 1. */
  readonly threads?: number;
  /** Bytes of each checkpoint, about. Default: what a small one has. */
  readonly bytes?: number;
  /** Bytes that the disk says it has. */
  readonly onDisk?: number;
}

export type ParkedRuns = ReturnType<typeof parkedRuns>;

/** A run where it has used so much fuel. */
function at(runId: string, fuel: number, bytes = 0): Uint8Array {
  const { request, guest, used } = aCheckpoint();
  const frames = new Uint8Array(bytes);
  const changes = { used: { ...used, fuel }, request: { ...request, runId }, guest: { ...guest, frames } };
  return encodeCheckpoint(aCheckpoint(changes));
}

/** Another version of the task, or another task. */
export function resumableTask(name = 'long', onNewVersion = 'finish-on-old'): DeployedTask {
  const resumable = { points: 'all', everyMs: 5_000, everyFuel: undefined, onNewVersion };
  const manifest = { name, version: '1.0.0', resumable, limits: {}, grants: {}, config: {} };
  return { manifest, installed: { key: 'key', digest: 'd', resumable: 'code' } } as never;
}

export function parkedRuns({ threads = 1, bytes = 0, onDisk = 0 }: ParkedRunsOptions = {}) {
  const seen: Observation[] = [];
  const given: Given[] = [];
  const over: (RunResult & { readonly job: Job<PendingRun> })[] = [];
  const keeping: Keeping[] = [];
  const reading: (() => void)[] = [];
  const disk = new Map<string, Uint8Array>();
  const written: Pick<StateChange, 'point' | 'dropsPoint'>[] = [];
  const cancelled: string[] = [];
  const faults: unknown[] = [];
  const timer = virtualTimer();
  const task = resumableTask();
  const holds = { disk: false, reads: false, full: false, threads: 0 };

  const keep = async (checkpoint: Uint8Array): Promise<{ digest: string; base: undefined; bytes: number }> => {
    const kept = await new Promise<boolean>((answer) => {
      keeping.push({ checkpoint, answer });
      if (!holds.disk) answer(!holds.full);
    });
    if (!kept) throw new Error('ENOSPC: no space left on device');
    const digest = checkpointDigest(checkpoint);
    disk.set(digest, checkpoint);
    return { digest, base: undefined, bytes: checkpoint.length };
  };
  const files = {
    keep,
    read: async (digest: string) => {
      if (holds.reads) await new Promise<void>((resolve) => reading.push(resolve));
      const checkpoint = disk.get(digest);
      if (checkpoint === undefined) throw new Error('ENOENT: no such file');
      return checkpoint;
    },
    remove: (digest: string) => {
      disk.delete(digest);
      return Promise.resolve();
    },
    get bytes() {
      return onDisk;
    },
  };
  const give = (runId: string, from: number | undefined, options: PointOptions = {}) => {
    let [end, fail]: [Given['end'], Given['fail']] = [() => undefined, () => undefined];
    const ended = new Promise<RunEnd>((resolve, reject) => ([end, fail] = [resolve, reject]));
    const one: Given = { runId, from, options, asked: false, end, fail };
    given.push(one);
    const gone = (): void => void given.splice(given.indexOf(one), 1);
    ended.then(gone, gone);
    const suspend = async (): Promise<undefined> => {
      one.asked = true;
    };
    return { end: ended, suspend };
  };
  const runtime = {
    begin: ({ runId }: { readonly runId: string }, options?: PointOptions) => give(runId, undefined, options),
    resume: (checkpoint: Uint8Array, _task: string, options?: PointOptions) => {
      const { request, used } = decodeCheckpoint(checkpoint);
      return give(request.runId, used.fuel, options);
    },
    cancel: (runId: string) => {
      cancelled.push(runId);
      return given.some((one) => one.runId === runId);
    },
    setApart: () => false,
    get occupancy() {
      const executing = given.map(({ runId }, thread) => ({ runId, thread }));
      return { threads, idle: Math.max(0, threads - given.length - holds.threads), executing, waiting: [], apart: [] };
    },
  };
  const settle = (job: Job<PendingRun>, result: RunResult): void => {
    over.push({ ...result, job });
    parking.over(job, false);
    scheduler.finish(job, lastFuel(job.value, result.usage.fuel));
    scheduler.pump();
  };
  const execute = async (job: Job<PendingRun>, request: never): Promise<void> => {
    const execution = await parking.execute(job, request, undefined);
    looks.left(job);
    if (execution.kind === 'ended') settle(job, execution.result);
    else execution.settle();
  };
  const scheduler: Scheduler<PendingRun> = new Scheduler<PendingRun>({
    slots: () => threads - given.length,
    start: (job) => {
      const request = { runId: job.value.runId } as never;
      execute(job, request).catch((error: unknown) => faults.push(error));
      looks.began(job);
    },
  });
  const journal = {
    write: (changes: readonly StateChange[], settled: (results: readonly ChangeResult[]) => void) => {
      written.push(...changes.map(({ point, dropsPoint }) => ({ point, dropsPoint }) as never));
      settled([]);
    },
  };
  const log = createLog('silent');
  const observe = (one: Observation): void => void seen.push(one);
  const durable = (): Promise<void> => Promise.resolve();
  const points = new KeptPoints({ files, journal, durable, clock: () => 5_000, observe, log });
  const parking: Parking = new Parking({
    runtime,
    scheduler,
    points,
    files,
    timer,
    observe,
    log,
    ended: (job, result) => settle(job, result),
    left: () => undefined,
  });
  const looks: ThreadLooks = new ThreadLooks({ runtime, scheduler, parking, timer, observe });
  const lane = scheduler.createLane({ priority: 5, concurrency: undefined, order: 'start', isLong: true });
  const current = new CurrentRuns({
    runtime,
    parking,
    threads: looks,
    migrations: {
      jobs: [],
      of: () => undefined,
      links: { wholeAt: () => undefined, waitsFor: () => undefined },
      checkpoint: () => undefined,
      keepHere: () => Promise.resolve(false),
    },
    timer,
  });
  let runs = 0;

  const runOf = (runId: string, more: Partial<PendingRun>): PendingRun =>
    ({
      runId,
      task,
      event: { topic: 't' },
      key: undefined,
      attempt: 1,
      executions: 0,
      place: { group: 1, run: runs++ },
      ...more,
    }) as never;

  return {
    parking,
    current,
    looks,
    scheduler,
    points,
    lane,
    task,
    timer,
    seen,
    over,
    given,
    keeping,
    reading,
    disk,
    written,
    cancelled,
    faults,
    holds,
    /** A run that begins. */
    submit: async (runId: string, more: Partial<PendingRun> = {}, to = lane): Promise<void> => {
      scheduler.submit(to, undefined, runOf(runId, more));
      scheduler.pump();
      await turn();
    },
    /** A run that an earlier hub has left at a point, with its file. */
    adopt: async (runId: string, point: Partial<StoredPoint> & { readonly fuel: number }): Promise<Job<PendingRun>> => {
      const checkpoint = at(runId, point.fuel);
      const digest = checkpointDigest(checkpoint);
      disk.set(digest, checkpoint);
      const place = { group: 1, run: runs };
      const whole = {
        place,
        attempt: 1,
        digest,
        base: undefined,
        atMs: 1,
        fits: fitsOf(task),
        version: undefined,
        byHand: false,
        ...point,
      };
      const run = runOf(runId, { point: whole });
      const job = scheduler.restore(lane, undefined, run);
      if (job === undefined) throw new Error('its key is taken');
      parking.adopt(job);
      scheduler.pump();
      await turn();
      return job;
    },
    /** A run that executes comes to a point and leaves its thread. */
    leave: async (runId: string, fuel: number): Promise<Uint8Array> => {
      const checkpoint = at(runId, fuel, bytes);
      one(given, runId).end({ kind: 'suspended', checkpoint });
      await turn();
      return checkpoint;
    },
    /** A run that executes tells of a point, and goes on. */
    pass: async (runId: string, fuel: number): Promise<void> => {
      one(given, runId).options.onPoint?.(at(runId, fuel, bytes));
      await turn();
    },
    /** A run that executes ends. */
    end: async (runId: string, fuel: number, kind: 'completed' | 'cancelled' = 'completed'): Promise<void> => {
      const usage = { fuel, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };
      const result = { runId, outcome: { kind }, effects: [], reads: [], log: [], droppedLogLines: 0, usage };
      one(given, runId).end({ kind: 'ended', result });
      await turn();
    },
    turn,
  };
}

function one(given: readonly Given[], runId: string): Given {
  const found = given.find((each) => each.runId === runId);
  if (found === undefined) throw new Error(`${runId} has no thread`);
  return found;
}

/** Everything that was promised has happened. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
