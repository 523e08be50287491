import type { RunEnd, RunHandle, RunRequest, RunResult, Runtime } from '../../runtime/index.js';
import { glanceAt, RuntimeError } from '../../runtime/index.js';
import type { CheckpointFiles } from '../checkpoints/index.js';
import type { Observer, ParkReason } from '../events.js';
import { HUB_BOUNDS, STORE_BOUNDS } from '../limits.js';
import type { Logger } from '../log.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';
import type { Job, Scheduler } from '../scheduler/index.js';
import type { Timer } from '../timer.js';
import { cancelledRun } from './cancelled-run.js';
import { fitsOf } from './fits.js';
import type { KeptPoints } from './kept-points.js';
import { settleFuel } from './settled-fuel.js';

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

/** Runs that move between this hub and a provider: they are not the parking's to let go on. */
export interface MovingRuns {
  has(job: Job<PendingRun>): boolean;
  /** What is to be executed of a run now. */
  stretchOf(job: Job<PendingRun>): Stretch | undefined;
  /** A run that moves is to end without effect. @returns whether it was one. */
  cancel(runId: string): boolean;
  /** Ends the run of a task's key, if it moves. */
  stopKey(task: DeployedTask, key: string): void;
  /** A run is over, or goes again from its beginning. */
  over(job: Job<PendingRun>, goesAgain: boolean): void;
  /** See `recall`. */
  hold(task: DeployedTask): void;
}

/** What is executed here of a run that moves, from one checkpoint on. */
export interface Stretch {
  /** It has a thread, or is about to. @returns undefined when it is not to go on from there after all. */
  begin(request: RunRequest, signal: AbortSignal | undefined): RunHandle | undefined;
  /** It has left its thread, and is parked for the scheduler whatever its end. From the event loop. */
  ended(end: RunEnd): void;
}

/** A run that was taken out of the parking, and is parked for the scheduler. */
export interface Lent {
  readonly job: Job<PendingRun>;
  /** That stands alone. */
  readonly checkpoint: Uint8Array;
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

/** A run that stands still. */
interface Standing {
  readonly job: Job<PendingRun>;
  readonly reason: ParkReason;
  readonly fuel: number;
  /** By the monotonic clock. */
  readonly sinceMs: number;
  /** In memory; undefined for one that is on disk only. */
  checkpoint: Uint8Array | undefined;
  /** Of its file, when it has one. */
  digest: string | undefined;
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
  readonly #standing = new Map<Job<PendingRun>, Standing>();
  /** Those that begin anew on another version of their task. */
  readonly #toNew = new Set<Job<PendingRun>>();
  #bytes = 0;
  #stopping = false;

  constructor(parts: ParkingParts) {
    this.#parts = parts;
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
    if (entry === undefined || job.probe || !this.#hasRoom) return false;
    return entry.leaves === undefined || this.isLeaving(job);
  }

  /** Whether a run is about to leave its thread. */
  isLeaving(job: Job<PendingRun>): boolean {
    const leaves = this.#executing.get(job)?.leaves;
    return leaves !== undefined && this.#parts.timer.nowMs() - leaves.atMs < HUB_BOUNDS.leaveMs;
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
      const from = await this.#checkpointOf(job);
      if (entry.cancelled) return { kind: 'ended', result: cancelledRun(run, this.#standing.get(job)?.fuel ?? 0) };
      const options = this.#optionsFor(job, { signal, from });
      entry.handle = from === undefined ? this.#begin(request, options) : this.#goOn(job, from, { request, options });
      this.#letGo(job);
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
      if (entry.handle === undefined) entry.lends?.(undefined);
      else void entry.handle.end.then(({ kind }) => (kind === 'ended' ? entry.lends?.(undefined) : undefined));
    }
  }

  /** Whether a run would go on, and not begin. */
  goesOn(job: Job<PendingRun>): boolean {
    const moves = this.#parts.moving?.stretchOf(job) !== undefined;
    return moves || this.#standing.has(job) || job.value.point !== undefined;
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
    if (checkpoint === undefined || this.#executing.has(job) || !this.#standing.has(job)) return undefined;
    this.#parts.scheduler.recall(job);
    this.#letGo(job);
    return { job, checkpoint };
  }

  /**
   * A run that was lent stands still here, and goes on when its turn comes or by hand.
   * Resolves when that is on disk, as far as it is kept there.
   */
  async takeIn({ job, checkpoint }: Lent, reason: ParkReason): Promise<void> {
    if (reason === 'new-version') this.#toNew.add(job);
    const byHand = (): boolean => this.#standing.get(job)?.reason === 'by-hand';
    const kept = this.#parts.points.keep(job, checkpoint, { byHand, give: false });
    this.#standStill(job, checkpoint, reason);
    this.#isOnDisk(job, checkpoint, await kept);
  }

  /** A run that was lent begins anew. */
  beginAnew(job: Job<PendingRun>, reason: string): void {
    this.#beginsAnew(job, reason, job.value.settledFuel ?? 0);
    this.#parts.scheduler.unpark(job);
    this.#parts.scheduler.pump();
  }

  /** A run is over, or goes again from its beginning: what is kept of it is of no use. */
  over(job: Job<PendingRun>, goesAgain: boolean): void {
    this.#letGo(job);
    this.#toNew.delete(job);
    this.#parts.moving?.over(job, goesAgain);
    if (goesAgain) this.#parts.points.drop(job);
    else this.#parts.points.forget(job);
  }

  /** Takes up a run that had begun when an earlier hub ended, and is parked. Pump the scheduler afterwards. */
  adopt(job: Job<PendingRun>): void {
    const { points, scheduler, timer } = this.#parts;
    const { point } = job.value;
    if (point === undefined) return scheduler.unpark(job);
    const { digest, fuel, byHand } = point;
    points.adopt(job, point);
    // This hub's lane has nothing to do with what another's was charged for.
    settleFuel(job.value, fuel);
    const reason = byHand ? 'by-hand' : 'priority';
    this.#standing.set(job, { job, reason, fuel, sinceMs: timer.nowMs(), checkpoint: undefined, digest });
    if (!byHand) scheduler.unpark(job);
  }

  /** Has a run stand still, as soon as it comes to a point of execution. */
  park(runId: string, reason: ParkReason): Answer {
    const job = this.#find(runId);
    if (job === undefined) return no('it is none that can stand still');
    const standing = this.#standing.get(job);
    if (standing !== undefined && !this.#executing.has(job)) {
      if (standing.reason === reason) return DONE;
      this.#parts.scheduler.recall(job);
      this.#standing.set(job, { ...standing, reason });
      this.#parts.points.mark(job, reason === 'by-hand');
      void this.#keepStanding(job);
      return DONE;
    }
    const entry = this.#executing.get(job);
    if (entry === undefined || job.probe) return no('it is the one that is tried after a quarantine');
    if (LETS_GO.has(reason) && !this.#hasRoom) return no('memory and disk are full of runs that stand still');
    // It stands still longer than that: a person's word holds over restarts, too.
    if (reason !== 'new-version' && entry.leaves?.reason === 'by-hand') return DONE;
    entry.leaves = { reason, atMs: this.#parts.timer.nowMs() };
    void entry.handle?.suspend();
    return DONE;
  }

  /** Lets a run go on that stands still by hand. @param only for this reason, if it does or is about to. */
  resume(runId: string, only?: ParkReason): Answer {
    const job = this.#find(runId);
    const standing = job && this.#standing.get(job);
    const entry = job && this.#executing.get(job);
    if (only !== undefined && (entry?.leaves ?? standing)?.reason !== only) return DONE;
    if (job === undefined || standing === undefined || entry?.leaves !== undefined) {
      if (entry?.leaves === undefined || !LETS_GO.has(entry.leaves.reason)) return no('it does not stand still');
      // It does within moments, and then waits for its turn like one that was parked for another.
      entry.leaves = { ...entry.leaves, reason: 'priority' };
      return DONE;
    }
    if (standing.reason !== 'priority' && !this.#toNew.has(job)) {
      this.#standing.set(job, { ...standing, reason: 'priority' });
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
    const fuel = this.#standing.get(job)?.fuel ?? 0;
    scheduler.recall(job);
    this.#letGo(job);
    scheduler.revive(job);
    ended(job, cancelledRun(job.value, fuel));
    return DONE;
  }

  /** The checkpoint of a run that stands still. @throws Error when it cannot be read. */
  async checkpoint(runId: string): Promise<Uint8Array | undefined> {
    const job = this.#find(runId);
    const standing = job && this.#standing.get(job);
    if (standing === undefined) return undefined;
    return standing.checkpoint ?? (standing.digest === undefined ? undefined : this.#parts.files.read(standing.digest));
  }

  /** A run of a task's key that stands still is to be stopped: it ends without waiting for its turn. */
  stopKey(task: DeployedTask, key: string): void {
    for (const { job } of this.#standing.values()) {
      const { value } = job;
      if (value.task === task && value.key === key && !this.#executing.has(job)) this.cancel(value.runId);
    }
    this.#parts.moving?.stopKey(task, key);
  }

  /**
   * Another version of a task is in force, or none: what the manifest of the new one says becomes of runs that have
   * begun on the old one.
   */
  taskChanged(name: string, task: DeployedTask | undefined): void {
    const policy = task?.manifest.resumable?.onNewVersion ?? 'finish-on-old';
    const jobs = [...this.#executing.keys(), ...this.#standing.keys()].filter((job) => {
      const before = job.value.task;
      return before.manifest.name === name && before !== task && this.#parts.moving?.has(job) !== true;
    });
    for (const job of new Set(jobs)) {
      const { runId } = job.value;
      if (policy === 'cancel') this.cancel(runId);
      else if (policy === 'restart-on-new') {
        this.#toNew.add(job);
        this.park(runId, 'new-version');
      } else if (this.#standing.has(job)) this.resume(runId);
    }
  }

  /**
   * Runs of a version that stand still wait for their turn no more, until `taskChanged`: they are not to be taken for runs
   * that go again from their beginning.
   */
  recall(task: DeployedTask): void {
    this.#parts.moving?.hold(task);
    for (const [job, standing] of this.#standing) {
      if (job.value.task !== task || standing.reason !== 'priority' || this.#executing.has(job)) continue;
      this.#parts.scheduler.recall(job);
      this.#standing.set(job, { ...standing, reason: 'new-version' });
    }
  }

  /** Takes out the runs of a version that are to begin anew on another one. They are in the inbox as before. */
  takeOver(task: DeployedTask): readonly Job<PendingRun>[] {
    const jobs = [...this.#toNew].filter((job) => job.value.task === task && !this.#executing.has(job));
    for (const job of jobs) {
      const { runId, task } = job.value;
      const fuel = this.#standing.get(job)?.fuel ?? 0;
      this.#parts.scheduler.recall(job);
      this.over(job, true);
      this.#tellRestart(runId, task, { reason: 'another version of its task is in force', fuel });
      job.value.point = undefined;
      job.value.settledFuel = 0;
    }
    return jobs;
  }

  /** Has all runs stand still that the next start takes up, and begins none of those any more. */
  stop(): void {
    this.#stopping = true;
    for (const job of this.standing) void this.#keepStanding(job);
    for (const { job } of this.#executing.values())
      if (job.value.place !== undefined) this.park(job.value.runId, 'stopping');
  }

  seen(job: Job<PendingRun>): Seen | undefined {
    const point = this.#parts.points.of(job);
    const standing = this.#standing.get(job);
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
    return [...this.#standing.keys()].filter((job) => !this.#executing.has(job));
  }

  /** Memory takes as much again as it may, while the disk is slow or full: `parkedBytes` are there, the others on their way. */
  get #hasRoom(): boolean {
    const { parkedBytes } = HUB_BOUNDS;
    if (this.#bytes < parkedBytes) return true;
    return this.#bytes < 2 * parkedBytes && this.#parts.files.bytes < STORE_BOUNDS.checkpointsBytes;
  }

  #find(runId: string): Job<PendingRun> | undefined {
    for (const job of this.#executing.keys()) if (job.value.runId === runId) return job;
    for (const job of this.#standing.keys()) if (job.value.runId === runId) return job;
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
      await this.#keepStanding(job);
    };
    const { everyMs, everyFuel } = policy;
    const since = from && this.#parts.points.since(job, from);
    return { signal, everyMs, everyFuel, since, onPoint: (checkpoint) => void onPoint(checkpoint) };
  }

  #begin(request: RunRequest, options: Parameters<Runtime['begin']>[1]): RunHandle {
    return this.#parts.runtime.begin(request, options);
  }

  #goOn(
    job: Job<PendingRun>,
    checkpoint: Uint8Array,
    { request, options }: { readonly request: RunRequest; readonly options: Parameters<Runtime['begin']>[1] },
  ): RunHandle {
    const { runtime, observe } = this.#parts;
    const { runId, task, point } = job.value;
    const { fuel } = glanceAt(checkpoint);
    try {
      const handle = runtime.resume(checkpoint, task.installed.key, options);
      const fromEarlierHub = point !== undefined;
      observe({ kind: 'run-resumed', runId, task: task.manifest.name, fuel, fromEarlierHub });
      return handle;
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'checkpoint-refused') throw error;
      this.#beginsAnew(job, error.message, fuel);
      return this.#begin(request, options);
    } finally {
      job.value.point = undefined;
    }
  }

  /** What a run goes on from; undefined when it begins. */
  async #checkpointOf(job: Job<PendingRun>): Promise<Uint8Array | undefined> {
    const { points, files } = this.#parts;
    const { point, task, attempt } = job.value;
    const standing = this.#standing.get(job);
    if (standing?.checkpoint !== undefined) return standing.checkpoint;
    const digest = standing?.digest ?? point?.digest;
    if (digest === undefined) return undefined;
    const fuel = standing?.fuel ?? point?.fuel ?? 0;
    if (point !== undefined) {
      if (points.of(job) === undefined) points.adopt(job, point);
      if (point.fits !== fitsOf(task) || point.attempt !== attempt) {
        this.#beginsAnew(job, 'its task is not what it was when it stood still', fuel);
        return undefined;
      }
    }
    try {
      const checkpoint = await files.read(digest);
      if (point !== undefined) points.goesOn(job, checkpoint);
      return checkpoint;
    } catch (error) {
      this.#beginsAnew(job, `its checkpoint cannot be read: ${messageOf(error)}`, fuel);
      return undefined;
    }
  }

  #beginsAnew(job: Job<PendingRun>, reason: string, fuel: number): void {
    const { points } = this.#parts;
    points.drop(job);
    job.value.point = undefined;
    job.value.settledFuel = 0;
    this.#tellRestart(job.value.runId, job.value.task, { reason, fuel });
  }

  #tellRestart(runId: string, task: DeployedTask, what: { readonly reason: string; readonly fuel: number }): void {
    this.#parts.observe({ kind: 'run-restarted', runId, task: task.manifest.name, ...what });
  }

  /** A run has come to a point and left its thread. */
  #stand(job: Job<PendingRun>, checkpoint: Uint8Array, reason: ParkReason): void {
    this.#leave(job, glanceAt(checkpoint).fuel);
    this.#standStill(job, checkpoint, reason);
  }

  #standStill(job: Job<PendingRun>, checkpoint: Uint8Array, reason: ParkReason): void {
    const { scheduler, observe, timer, left } = this.#parts;
    const run = job.value;
    const { fuel } = glanceAt(checkpoint);
    this.#bytes += checkpoint.length;
    const standing = { job, reason, fuel, sinceMs: timer.nowMs(), checkpoint, digest: undefined };
    this.#standing.set(job, standing);
    observe({ kind: 'run-parked', runId: run.runId, task: run.task.manifest.name, reason, fuel });
    if (run.place !== undefined) void this.#keepStanding(job);
    else if (this.#bytes > HUB_BOUNDS.parkedBytes) void this.#moveToDisk(job, checkpoint);
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
      const notInTime = timer.after(HUB_BOUNDS.parkMs, () => {
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

  /**
   * Whether a run that stands still is to be on disk, and not only where it last had to be. One that leaves for urgent
   * events again and again, and goes on moments later, is not written each time: its interval goes on where it was.
   */
  #isDue(job: Job<PendingRun>, reason: ParkReason, checkpoint: Uint8Array): boolean {
    const policy = job.value.task.manifest.resumable;
    if (job.value.place === undefined || policy === undefined) return false;
    if (reason !== 'priority' || this.#stopping || this.#bytes > HUB_BOUNDS.parkedBytes) return true;
    const { ms, fuel } = this.#parts.points.since(job, checkpoint);
    return ms >= policy.everyMs || fuel >= (policy.everyFuel ?? Infinity);
  }

  /**
   * Keeps the point at which a run stands still, if that is due, once an earlier one of it is written: one that is parked
   * often does not have the disk write more than it can. The checkpoint stays in memory too, as far as there is room.
   */
  async #keepStanding(job: Job<PendingRun>): Promise<void> {
    const { points } = this.#parts;
    const standing = this.#standing.get(job);
    if (standing?.checkpoint === undefined || standing.digest !== undefined || points.isWriting(job)) return;
    const { checkpoint, reason } = standing;
    if (!this.#isDue(job, reason, checkpoint)) return;
    const byHand = (): boolean => this.#standing.get(job)?.reason === 'by-hand';
    const digest = await points.keep(job, checkpoint, { byHand, give: false });
    if (this.#standing.get(job)?.checkpoint === checkpoint) this.#isOnDisk(job, checkpoint, digest);
    else await this.#keepStanding(job);
  }

  /** Of a run for which nothing was promised: after a kill, the next start removes the file. */
  async #moveToDisk(job: Job<PendingRun>, checkpoint: Uint8Array): Promise<void> {
    const { files, log } = this.#parts;
    try {
      const { digest } = await files.keep(checkpoint, { give: false });
      if (!this.#isOnDisk(job, checkpoint, digest)) await files.remove(digest);
    } catch (error) {
      log.warn({ err: error }, 'a run that stands still stays in memory');
    }
  }

  #isOnDisk(job: Job<PendingRun>, checkpoint: Uint8Array, digest: string | undefined): boolean {
    const standing = this.#standing.get(job);
    if (digest === undefined || standing?.checkpoint !== checkpoint || this.#executing.has(job)) return false;
    standing.digest = digest;
    if (this.#bytes > HUB_BOUNDS.parkedBytes) {
      this.#bytes -= checkpoint.length;
      standing.checkpoint = undefined;
    }
    return true;
  }

  /** A run does not stand still any more. */
  #letGo(job: Job<PendingRun>): void {
    const standing = this.#standing.get(job);
    if (standing === undefined) return;
    this.#standing.delete(job);
    this.#bytes -= standing.checkpoint?.length ?? 0;
    if (job.value.place === undefined && standing.digest !== undefined) void this.#parts.files.remove(standing.digest);
  }

  #stay(job: Job<PendingRun>): void {
    this.#parts.scheduler.park(job, 0);
    this.#parts.left();
  }
}

function no(reason: string): Answer {
  return { ok: false, reason };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
