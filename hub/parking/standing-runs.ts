import { glanceAt } from '../../runtime/index.js';
import type { CheckpointFiles } from '../checkpoints/index.js';
import type { ParkReason } from '../observations.js';
import { CHECKPOINT_BOUNDS } from '../checkpoints/limits.js';
import { PARKING_BOUNDS } from './limits.js';
import type { Logger } from '../log.js';
import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import type { StoredPoint } from '../store/index.js';
import type { KeptPoints } from './kept-points.js';

export interface StandingRunsParts {
  readonly points: KeptPoints;
  readonly files: Pick<CheckpointFiles, 'keep' | 'read' | 'remove' | 'bytes'>;
  /** Whether a run has a thread again, or is about to: where it stood is not let go of yet. */
  readonly isExecuting: (job: Job<PendingRun>) => boolean;
  readonly log: Logger;
}

/** A run that stands still. */
export interface Standing {
  readonly reason: ParkReason;
  readonly fuel: number;
  /** In memory; undefined for one that is on disk only. */
  readonly checkpoint: Uint8Array | undefined;
  /** Of its file, when it has one. */
  readonly digest: string | undefined;
}

/** The runs that stand still, each as a checkpoint: in memory as far as there is room, and on disk where that is due. */
export class StandingRuns {
  readonly #parts: StandingRunsParts;
  readonly #runs = new Map<Job<PendingRun>, Standing>();
  /** Of checkpoints in memory. */
  #bytes = 0;
  #stopping = false;

  constructor(parts: StandingRunsParts) {
    this.#parts = parts;
  }

  /** Those that execute again and are not let go of yet, too. */
  get jobs(): readonly Job<PendingRun>[] {
    return [...this.#runs.keys()];
  }

  of(job: Job<PendingRun>): Standing | undefined {
    return this.#runs.get(job);
  }

  /** Memory takes as much again as it may, while the disk is slow or full: `parkedBytes` are there, the others on their way. */
  get hasRoom(): boolean {
    const { parkedBytes } = PARKING_BOUNDS;
    if (this.#bytes < parkedBytes) return true;
    return this.#bytes < 2 * parkedBytes && this.#parts.files.bytes < CHECKPOINT_BOUNDS.checkpointsBytes;
  }

  /** A run stands still from now on. `keepIfDue` or `moveIfFull` is to follow. */
  add(job: Job<PendingRun>, checkpoint: Uint8Array, reason: ParkReason): void {
    this.#bytes += checkpoint.length;
    this.#runs.set(job, { reason, fuel: glanceAt(checkpoint).fuel, checkpoint, digest: undefined });
  }

  /** A run stood still, or executed, when an earlier hub ended. */
  adopt(job: Job<PendingRun>, { fuel, digest }: StoredPoint, reason: ParkReason): void {
    this.#runs.set(job, { reason, fuel, checkpoint: undefined, digest });
  }

  /** A run stands still for another reason from now on. */
  because(job: Job<PendingRun>, reason: ParkReason): void {
    const standing = this.#runs.get(job);
    if (standing !== undefined) this.#runs.set(job, { ...standing, reason });
  }

  /** A run does not stand still any more. */
  letGo(job: Job<PendingRun>): void {
    const standing = this.#runs.get(job);
    if (standing === undefined) return;
    this.#runs.delete(job);
    this.#bytes -= standing.checkpoint?.length ?? 0;
    if (job.value.place === undefined && standing.digest !== undefined) void this.#parts.files.remove(standing.digest);
  }

  /** The hub is to stop: whatever stands still is due on disk. */
  stop(): void {
    this.#stopping = true;
  }

  /** @throws Error when it cannot be read. */
  async checkpointOf(job: Job<PendingRun>): Promise<Uint8Array | undefined> {
    const standing = this.#runs.get(job);
    if (standing === undefined) return undefined;
    return standing.checkpoint ?? (standing.digest === undefined ? undefined : this.#parts.files.read(standing.digest));
  }

  /**
   * Keeps the point at which a run stands still, if that is due, once an earlier one of it is written: one that is parked
   * often does not have the disk write more than it can. The checkpoint stays in memory too, as far as there is room.
   */
  async keepIfDue(job: Job<PendingRun>): Promise<void> {
    const { points } = this.#parts;
    const standing = this.#runs.get(job);
    if (standing?.checkpoint === undefined || standing.digest !== undefined || points.isWriting(job)) return;
    const { checkpoint, reason } = standing;
    if (!this.#isDue(job, reason, checkpoint)) return;
    const digest = await this.keepPoint(job, checkpoint);
    if (this.#runs.get(job)?.checkpoint === checkpoint) this.isOnDisk(job, checkpoint, digest);
    else await this.keepIfDue(job);
  }

  /** Keeps a point of a run that stands still. @returns the digest of its file, when that is on disk. */
  keepPoint(job: Job<PendingRun>, checkpoint: Uint8Array): Promise<string | undefined> {
    const byHand = (): boolean => this.#runs.get(job)?.reason === 'by-hand';
    return this.#parts.points.keep(job, checkpoint, { byHand, give: false });
  }

  /** Of a run for which nothing was promised: after a kill, the next start removes the file. */
  async moveIfFull(job: Job<PendingRun>, checkpoint: Uint8Array): Promise<void> {
    const { files, log } = this.#parts;
    if (this.#bytes <= PARKING_BOUNDS.parkedBytes) return;
    try {
      const { digest } = await files.keep(checkpoint, { give: false });
      if (!this.isOnDisk(job, checkpoint, digest)) await files.remove(digest);
    } catch (error) {
      log.warn({ err: error }, 'a run that stands still stays in memory');
    }
  }

  /** @returns whether the run still stands there, and that file counts. */
  isOnDisk(job: Job<PendingRun>, checkpoint: Uint8Array, digest: string | undefined): boolean {
    const standing = this.#runs.get(job);
    if (digest === undefined || standing?.checkpoint !== checkpoint || this.#parts.isExecuting(job)) return false;
    const isFull = this.#bytes > PARKING_BOUNDS.parkedBytes;
    if (isFull) this.#bytes -= checkpoint.length;
    this.#runs.set(job, { ...standing, digest, checkpoint: isFull ? undefined : checkpoint });
    return true;
  }

  /**
   * Whether a run that stands still is to be on disk, and not only where it last had to be. One that leaves for urgent
   * events again and again, and goes on moments later, is not written each time: its interval goes on where it was.
   */
  #isDue(job: Job<PendingRun>, reason: ParkReason, checkpoint: Uint8Array): boolean {
    const policy = job.value.task.manifest.resumable;
    if (job.value.place === undefined || policy === undefined) return false;
    if (reason !== 'priority' || this.#stopping || this.#bytes > PARKING_BOUNDS.parkedBytes) return true;
    const { ms, fuel } = this.#parts.points.since(job, checkpoint);
    return ms >= policy.everyMs || fuel >= (policy.everyFuel ?? Infinity);
  }
}
