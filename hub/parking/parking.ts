import { glanceAt, type RunHandle, type RunRequest, type RunResult, type Runtime } from '../../runtime/index.js';
import type { CheckpointFiles } from '../checkpoints/index.js';
import type { Observer, ParkReason } from '../observations.js';
import { PARKING_BOUNDS } from './limits.js';
import type { Logger } from '../log.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';
import type { Job, Scheduler } from '../scheduler/index.js';
import type { Timer } from '../timer.js';
import { cancelledRun } from './cancelled-run.js';
import { GoingOn } from './going-on.js';
import type { KeptPoints } from './kept-points.js';
import type { Lent, MovingRuns, Stretch } from './moving-runs.js';
import { settleFuel } from './settled-fuel.js';
import { StandingRuns } from './standing-runs.js';

export interface ParkingParts {
  readonly runtime: Pick<Runtime, 'begin' | 'resume' | 'cancel'>;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'park' | 'unpark' | 'recall' | 'revive' | 'pump'>;
  readonly points: KeptPoints;
  readonly files: Pick<CheckpointFiles, 'keep' | 'read' | 'remove' | 'bytes'>;
  /** Without it, none do. */
  readonly moving?: MovingRuns;
  readonly timer: Timer;
  readonly observe: Observer;
  readonly log: Logger;
  /** A run that stood still is over. */
  readonly ended: (job: Job<PendingRun>, result: RunResult) => void;
  /** A run has left its thread, and is not over. From the event loop. */
  readonly left: () => void;
}

/** A run that has a thread, or waits for one in the runtime. */
interface Executing {
  readonly job: Job<PendingRun>;
  /** Undefined while its checkpoint is read. */
  handle: RunHandle | undefined;
  /** Set when it is to stand still. */
  leaves: { readonly reason: ParkReason; readonly atMs: number } | undefined;
  /** Who gets its checkpoint instead, when it stands still; undefined when it did not come to that. */
  lends: ((lent: Lent | undefined) => void) | undefined;
  cancelled: boolean;
}

/** What came of giving a run to the runtime. */
export type Execution =
  | { readonly kind: 'ended'; readonly result: RunResult }
  /** It has left its thread. `settle` is to be called when nobody counts it as one that executes any more. */
  | { readonly kind: 'left'; readonly settle: () => void };

/** What came of asking for something to be done with a run. */
export type Answer = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What is seen of a run of a resumable task. */
export interface Seen {
  readonly state: 'executing' | 'parked';
  /** Where its memory is while it is parked. */
  readonly where?: 'memory' | 'disk';
  readonly reason?: ParkReason;
  /** At its last point that is known. */
  readonly fuel: number;
  /** When its last point that is on disk was taken: milliseconds since 1970 (UTC). */
  readonly pointAtMs?: number;
}

/** Reasons to stand still that `resume` ends before the run does. */
const LETS_GO: ReadonlySet<ParkReason> = new Set(['by-hand', 'saving']);

const DONE: Answer = { ok: true };

/**
 * The runs of resumable tasks: each executes, or stands still as a checkpoint, in memory or on disk, until its turn
 * comes again.
 *
 * To the scheduler, one that stands still is parked, and keeps its key. One that was parked for another waits for its
 * turn again at once; one that was parked by hand, until `resume`.
 */
export class Parking {
  readonly #parts: ParkingParts;
  readonly #executing = new Map<Job<PendingRun>, Executing>();
  readonly #standing: StandingRuns;
  readonly #goingOn: GoingOn;
  /** Those that begin anew on another version of their task. */
  readonly #toNew = new Set<Job<PendingRun>>();
  #stopping = false;

  constructor(parts: ParkingParts) {
    this.#parts = parts;
    const { points, files, log, runtime, observe } = parts;
    this.#standing = new StandingRuns({ points, files, isExecuting: (job) => this.#executing.has(job), log });
    this.#goingOn = new GoingOn({ runtime, points, files, standing: this.#standing, observe });
  }

  /** Runs that have a thread, or are about to. */
  get executing(): number {
    return this.#executing.size;
  }

  /** Those of them whose checkpoint is still read. */
  get loading(): number {
    let loading = 0;
    for (const { handle } of this.#executing.values()) if (handle === undefined) loading++;
    return loading;
  }

  /** Whether a run could stand still now, if it were asked to. */
  parks(job: Job<PendingRun>): boolean {
    const entry = this.#executing.get(job);
    // A probe is asked whether the task works, and its answer does not wait.
    if (entry === undefined || job.probe || !this.#standing.hasRoom) return false;
    return entry.leaves === undefined || this.isLeaving(job);
  }

  /** Whether a run is about to leave its thread. */
  isLeaving(job: Job<PendingRun>): boolean {
    const leaves = this.#executing.get(job)?.leaves;
    return leaves !== undefined && this.#parts.timer.nowMs() - leaves.atMs < PARKING_BOUNDS.leaveMs;
  }

  /** Begins a run, or goes on with it. */
  async execute(job: Job<PendingRun>, request: RunRequest, signal: AbortSignal | undefined): Promise<Execution> {
    const run = job.value;
    const entry: Executing = { job, handle: undefined, leaves: undefined, lends: undefined, cancelled: false };
    this.#executing.set(job, entry);
    try {
      // The next start takes it up, with the point it has come to.
      if (this.#stopping && run.place !== undefined) return { kind: 'left', settle: () => this.#stay(job) };
      const stretch = this.#parts.moving?.stretchOf(job);
      if (stretch !== undefined) return await this.#executeStretch(entry, stretch, { request, signal });
      const from = await this.#goingOn.from(job);
      if (entry.cancelled) return { kind: 'ended', result: cancelledRun(run, this.#standing.of(job)?.fuel ?? 0) };
      const options = this.#optionsFor(job, { signal, from });
      entry.handle = this.#goingOn.begin(job, from, { request, options });
      this.#standing.letGo(job);
      if (entry.leaves !== undefined) void entry.handle.suspend();
      const end = await entry.handle.end;
      if (end.kind === 'ended') {
        this.#parts.points.ended(job);
        return end;
      }
      const { checkpoint } = end;
      // It was at the point already when it was told to end.
      if (entry.cancelled) return { kind: 'ended', result: cancelledRun(run, glanceAt(checkpoint).fuel) };
      const { lends } = entry;
      if (lends !== undefined) return { kind: 'left', settle: () => this.#lend(job, checkpoint, lends) };
      return { kind: 'left', settle: () => this.#stand(job, checkpoint, entry.leaves?.reason ?? 'priority') };
    } finally {
      this.#executing.delete(job);
      // One that is lent has been asked for already; any other has ended.
      const { handle, lends } = entry;
      const lendsNothing = (): void => lends?.(undefined);
      if (handle === undefined) lendsNothing();
      else void handle.end.then(({ kind }) => (kind === 'ended' ? lendsNothing() : undefined), lendsNothing);
    }
  }

  /** Whether a run would go on, and not begin. */
  goesOn(job: Job<PendingRun>): boolean {
    const moves = this.#parts.moving?.stretchOf(job) !== undefined;
    return moves || this.#standing.of(job) !== undefined || job.value.point !== undefined;
  }

  /**
   * Takes a run out, to be executed elsewhere: one that executes stands still for it. `takeIn` puts it back.
   * @returns undefined when it came to no point within `parkMs`, or is none that can stand still.
   */
  async lend(runId: string): Promise<Lent | undefined> {
    const job = this.#find(runId);
    const entry = job && this.#executing.get(job);
    if (job === undefined || job.probe || this.#toNew.has(job)) return undefined;
    if (entry !== undefined) return this.#lendExecuting(entry);
    const checkpoint = await this.checkpoint(runId);
    if (checkpoint === undefined || this.#executing.has(job) || this.#standing.of(job) === undefined) return undefined;
    this.#parts.scheduler.recall(job);
    this.#standing.letGo(job);
    return { job, checkpoint };
  }

  /**
   * A run that was lent stands still here, and goes on when its turn comes or by hand.
   * Resolves when that is on disk, as far as it is kept there.
   */
  async takeIn({ job, checkpoint }: Lent, reason: ParkReason): Promise<void> {
    if (reason === 'new-version') this.#toNew.add(job);
    const kept = this.#standing.keepPoint(job, checkpoint);
    this.#standStill(job, checkpoint, reason);
    this.#standing.isOnDisk(job, checkpoint, await kept);
  }

  /** A run that was lent begins anew. */
  beginAnew(job: Job<PendingRun>, reason: string): void {
    this.#goingOn.beginsAnew(job, reason, job.value.settledFuel ?? 0);
    this.#parts.scheduler.unpark(job);
    this.#parts.scheduler.pump();
  }

  /** A run is over, or goes again from its beginning: what is kept of it is of no use. */
  over(job: Job<PendingRun>, goesAgain: boolean): void {
    this.#standing.letGo(job);
    this.#toNew.delete(job);
    this.#parts.moving?.over(job, goesAgain);
    if (goesAgain) this.#parts.points.drop(job);
    else this.#parts.points.forget(job);
  }

  /** Takes up a run that had begun when an earlier hub ended, and is parked. Pump the scheduler afterwards. */
  adopt(job: Job<PendingRun>): void {
    const { points, scheduler } = this.#parts;
    const { point } = job.value;
    if (point === undefined) return scheduler.unpark(job);
    const { fuel, byHand } = point;
    points.adopt(job, point);
    // This hub's lane has nothing to do with what another's was charged for.
    settleFuel(job.value, fuel);
    this.#standing.adopt(job, point, byHand ? 'by-hand' : 'priority');
    if (!byHand) scheduler.unpark(job);
  }

  /** Has a run stand still, as soon as it comes to a point of execution. */
  park(runId: string, reason: ParkReason): Answer {
    const job = this.#find(runId);
    if (job === undefined) return no('it is none that can stand still');
    const standing = this.#standing.of(job);
    if (standing !== undefined && !this.#executing.has(job)) {
      if (standing.reason === reason) return DONE;
      this.#parts.scheduler.recall(job);
      this.#standing.because(job, reason);
      this.#parts.points.mark(job, reason === 'by-hand');
      void this.#standing.keepIfDue(job);
      return DONE;
    }
    const entry = this.#executing.get(job);
    if (entry === undefined || job.probe) return no('it is the one that is tried after a quarantine');
    if (LETS_GO.has(reason) && !this.#standing.hasRoom) return no('memory and disk are full of runs that stand still');
    // It stands still longer than that: a person's word holds over restarts, too.
    if (reason !== 'new-version' && entry.leaves?.reason === 'by-hand') return DONE;
    entry.leaves = { reason, atMs: this.#parts.timer.nowMs() };
    void entry.handle?.suspend();
    return DONE;
  }

  /** Lets a run go on that stands still by hand. @param only for this reason, if it does or is about to. */
  resume(runId: string, only?: ParkReason): Answer {
    const job = this.#find(runId);
    const standing = job && this.#standing.of(job);
    const entry = job && this.#executing.get(job);
    if (only !== undefined && (entry?.leaves ?? standing)?.reason !== only) return DONE;
    if (job === undefined || standing === undefined || entry?.leaves !== undefined) {
      if (entry?.leaves === undefined || !LETS_GO.has(entry.leaves.reason)) return no('it does not stand still');
      // It does within moments, and then waits for its turn like one that was parked for another.
      entry.leaves = { ...entry.leaves, reason: 'priority' };
      return DONE;
    }
    if (standing.reason !== 'priority' && !this.#toNew.has(job)) {
      this.#standing.because(job, 'priority');
      this.#parts.points.mark(job, false);
      this.#parts.scheduler.unpark(job);
      this.#parts.scheduler.pump();
    }
    return DONE;
  }

  /** Ends a run without effect, wherever it is. */
  cancel(runId: string): Answer {
    const { runtime, scheduler, ended, moving } = this.#parts;
    if (moving?.cancel(runId) === true) return DONE;
    const job = this.#find(runId);
    const entry = job && this.#executing.get(job);
    if (job === undefined || entry !== undefined) {
      const isHere = entry?.handle === undefined && entry !== undefined;
      if (!isHere && !runtime.cancel(runId))
        return no('it has ended, or is in a process of its own, where it ends at its deadline');
      if (entry !== undefined) entry.cancelled = true;
      return DONE;
    }
    const fuel = this.#standing.of(job)?.fuel ?? 0;
    scheduler.recall(job);
    this.#standing.letGo(job);
    scheduler.revive(job);
    ended(job, cancelledRun(job.value, fuel));
    return DONE;
  }

  /** The checkpoint of a run that stands still. @throws Error when it cannot be read. */
  checkpoint(runId: string): Promise<Uint8Array | undefined> {
    const job = this.#find(runId);
    return job === undefined ? Promise.resolve(undefined) : this.#standing.checkpointOf(job);
  }

  /** A run of a task's key that stands still is to be stopped: it ends without waiting for its turn. */
  stopKey(task: DeployedTask, key: string): void {
    for (const { value } of this.standing) {
      if (value.task === task && value.key === key) this.cancel(value.runId);
    }
    this.#parts.moving?.stopKey(task, key);
  }

  /**
   * Another version of a task is in force, or none: what the manifest of the new one says becomes of runs that have
   * begun on the old one.
   */
  taskChanged(name: string, task: DeployedTask | undefined): void {
    const policy = task?.manifest.resumable?.onNewVersion ?? 'finish-on-old';
    const jobs = [...this.#executing.keys(), ...this.#standing.jobs].filter((job) => {
      const before = job.value.task;
      return before.manifest.name === name && before !== task && this.#parts.moving?.has(job) !== true;
    });
    for (const job of new Set(jobs)) {
      const { runId } = job.value;
      if (policy === 'cancel') this.cancel(runId);
      else if (policy === 'restart-on-new') {
        this.#toNew.add(job);
        this.park(runId, 'new-version');
      } else if (this.#standing.of(job) !== undefined) this.resume(runId);
    }
  }

  /**
   * Runs of a version that stand still wait for their turn no more, until `taskChanged`: they are not to be taken for runs
   * that go again from their beginning.
   */
  recall(task: DeployedTask): void {
    this.#parts.moving?.hold(task);
    for (const job of this.standing) {
      if (job.value.task !== task || this.#standing.of(job)?.reason !== 'priority') continue;
      this.#parts.scheduler.recall(job);
      this.#standing.because(job, 'new-version');
    }
  }

  /** Takes out the runs of a version that are to begin anew on another one. They are in the inbox as before. */
  takeOver(task: DeployedTask): readonly Job<PendingRun>[] {
    const jobs = [...this.#toNew].filter((job) => job.value.task === task && !this.#executing.has(job));
    for (const job of jobs) {
      const { runId, task } = job.value;
      const fuel = this.#standing.of(job)?.fuel ?? 0;
      this.#parts.scheduler.recall(job);
      this.over(job, true);
      this.#goingOn.tellRestart(runId, task, { reason: 'another version of its task is in force', fuel });
      job.value.point = undefined;
      job.value.settledFuel = 0;
    }
    return jobs;
  }

  /** Has all runs stand still that the next start takes up, and begins none of those any more. */
  stop(): void {
    this.#stopping = true;
    this.#standing.stop();
    for (const job of this.standing) void this.#standing.keepIfDue(job);
    for (const { job } of this.#executing.values())
      if (job.value.place !== undefined) this.park(job.value.runId, 'stopping');
  }

  seen(job: Job<PendingRun>): Seen | undefined {
    const point = this.#parts.points.of(job);
    const standing = this.#standing.of(job);
    const pointAtMs = point === undefined ? {} : { pointAtMs: point.atMs };
    if (this.#executing.has(job)) {
      const fuel = Math.max(point?.fuel ?? 0, standing?.fuel ?? 0, job.value.settledFuel ?? 0);
      return { state: 'executing', fuel, ...pointAtMs };
    }
    if (standing === undefined) return undefined;
    const { checkpoint, reason, fuel } = standing;
    return { state: 'parked', where: checkpoint === undefined ? 'disk' : 'memory', reason, fuel, ...pointAtMs };
  }

  /** Runs that stand still. */
  get standing(): readonly Job<PendingRun>[] {
    return this.#standing.jobs.filter((job) => !this.#executing.has(job));
  }

  #find(runId: string): Job<PendingRun> | undefined {
    for (const job of this.#executing.keys()) if (job.value.runId === runId) return job;
    for (const job of this.#standing.jobs) if (job.value.runId === runId) return job;
    return undefined;
  }

  #optionsFor(
    job: Job<PendingRun>,
    { signal, from }: { readonly signal: AbortSignal | undefined; readonly from: Uint8Array | undefined },
  ): Parameters<Runtime['begin']>[1] {
    const policy = job.value.task.manifest.resumable;
    // What nobody was promised is not kept.
    if (policy === undefined || job.value.place === undefined) return { signal };
    const onPoint = async (checkpoint: Uint8Array): Promise<void> => {
      const { points } = this.#parts;
      if (points.isWriting(job)) return;
      await points.keep(job, checkpoint, { byHand: () => false, give: true });
      await this.#standing.keepIfDue(job);
    };
    const { everyMs, everyFuel } = policy;
    const since = from && this.#parts.points.since(job, from);
    return { signal, everyMs, everyFuel, since, onPoint: (checkpoint) => void onPoint(checkpoint) };
  }

  /** A run has come to a point and left its thread. */
  #stand(job: Job<PendingRun>, checkpoint: Uint8Array, reason: ParkReason): void {
    this.#leave(job, glanceAt(checkpoint).fuel);
    this.#standStill(job, checkpoint, reason);
  }

  #standStill(job: Job<PendingRun>, checkpoint: Uint8Array, reason: ParkReason): void {
    const { scheduler, observe, left } = this.#parts;
    const run = job.value;
    const { fuel } = glanceAt(checkpoint);
    this.#standing.add(job, checkpoint, reason);
    observe({ kind: 'run-parked', runId: run.runId, task: run.task.manifest.name, reason, fuel });
    if (run.place !== undefined) void this.#standing.keepIfDue(job);
    else void this.#standing.moveIfFull(job, checkpoint);
    // What no other hub takes up goes on for as long as this one does.
    if (reason === 'priority' && (!this.#stopping || run.place === undefined)) scheduler.unpark(job);
    scheduler.pump();
    left();
  }

  /** The scheduler counts it as one that executes no more. A run that moved may have gone back to an earlier point. */
  #leave(job: Job<PendingRun>, fuel: number): void {
    this.#parts.scheduler.park(job, settleFuel(job.value, Math.max(fuel, job.value.settledFuel ?? 0)));
  }

  #lendExecuting(entry: Executing): Promise<Lent | undefined> {
    const { timer } = this.#parts;
    return new Promise((resolve) => {
      const notInTime = timer.after(PARKING_BOUNDS.parkMs, () => {
        // It stands still yet, perhaps, and waits for its turn then.
        entry.lends = undefined;
        resolve(undefined);
      });
      entry.lends = (lent) => {
        notInTime();
        resolve(lent);
      };
      entry.leaves = { reason: 'priority', atMs: timer.nowMs() };
      void entry.handle?.suspend();
    });
  }

  #lend(job: Job<PendingRun>, checkpoint: Uint8Array, lends: (lent: Lent) => void): void {
    this.#leave(job, glanceAt(checkpoint).fuel);
    lends({ job, checkpoint });
    this.#parts.scheduler.pump();
    this.#parts.left();
  }

  async #executeStretch(
    entry: Executing,
    stretch: Stretch,
    { request, signal }: { readonly request: RunRequest; readonly signal: AbortSignal | undefined },
  ): Promise<Execution> {
    const { job } = entry;
    entry.handle = stretch.begin(request, signal);
    if (entry.handle === undefined) return { kind: 'left', settle: () => this.#stay(job) };
    const end = await entry.handle.end;
    const fuel = end.kind === 'ended' ? end.result.usage.fuel : glanceAt(end.checkpoint).fuel;
    const settle = (): void => {
      this.#leave(job, fuel);
      stretch.ended(end);
      this.#parts.scheduler.pump();
      this.#parts.left();
    };
    return { kind: 'left', settle };
  }

  #stay(job: Job<PendingRun>): void {
    this.#parts.scheduler.park(job, 0);
    this.#parts.left();
  }
}

function no(reason: string): Answer {
  return { ok: false, reason };
}
