import type { CheckpointFiles } from '../checkpoints/index.js';
import type { Observer } from '../observations.js';
import { keepChange, type ChangeKeeper } from '../journal/index.js';
import type { Logger } from '../log.js';
import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import type { StateChange, StoredPoint } from '../store/index.js';
import { glanceAt, type Glance, type Since } from '../../runtime/index.js';
import { filesOf } from './files-of.js';
import { fitsOf } from './fits.js';
import { versionOf } from './version-of.js';

export interface KeptPointsParts extends ChangeKeeper {
  readonly files: Pick<CheckpointFiles, 'keep' | 'remove'>;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly observe: Observer;
  readonly log: Logger;
}

/** How a point is kept. */
interface Keeping {
  /** Whether the run stands still until somebody lets it go on. */
  readonly byHand: () => boolean;
  /** Whether the checkpoint's bytes are not used any more. */
  readonly give: boolean;
}

/** One execution of a run. What comes to the disk after its end is of no use. */
interface Execution {
  /** Points that are on their way to the disk. */
  writing: number;
  /** Resolves when the last of them is there. */
  last: Promise<unknown>;
}

/**
 * The last point of each run of the inbox: first the file, then the row that names it, then files that it does not need
 * go. So a row that the disk has names files that it has, whenever the hub is killed.
 *
 * A point is written as the difference to the last whole one of its run, where that is much smaller. Differences rest on
 * no other differences: a run has two files, and a third and a fourth while a point is written. They are made where files
 * are written, not by the run (`PointOptions.deltas`): there it is known what is on disk, and no point rests on one that
 * was left out as the disk was slow, or full.
 */
export class KeptPoints {
  readonly #parts: KeptPointsParts;
  readonly #last = new Map<Job<PendingRun>, StoredPoint>();
  readonly #executions = new Map<Job<PendingRun>, Execution>();
  /** How far each run had come at its last point that is on disk, or on its way there. */
  readonly #reached = new Map<Job<PendingRun>, Glance>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(parts: KeptPointsParts) {
    this.#parts = parts;
  }

  /** The last point of a run that is on disk. */
  of(job: Job<PendingRun>): StoredPoint | undefined {
    return this.#last.get(job);
  }

  /** Takes up the point that a run had come to when an earlier hub ended. */
  adopt(job: Job<PendingRun>, point: StoredPoint): void {
    this.#last.set(job, point);
  }

  /** A run goes on from the point that `adopt` was told of. */
  goesOn(job: Job<PendingRun>, checkpoint: Uint8Array): void {
    this.#reached.set(job, glanceAt(checkpoint));
  }

  /** What a run that stands still has used since its last point that is on disk, or on its way there, or its beginning. */
  since(job: Job<PendingRun>, checkpoint: Uint8Array): Since {
    const { wallMs, fuel } = glanceAt(checkpoint);
    const reached = this.#reached.get(job);
    return { ms: wallMs - (reached?.wallMs ?? 0), fuel: fuel - (reached?.fuel ?? 0) };
  }

  /** Whether an earlier point of a run is still being written. */
  isWriting(job: Job<PendingRun>): boolean {
    return (this.#executions.get(job)?.writing ?? 0) > 0;
  }

  /**
   * Keeps a point of a run that the inbox holds, after those before it.
   * @param checkpoint Not packed, and whole.
   * @returns the digest of its file, when that is on disk; undefined when it could not be kept, or the run is over.
   */
  keep(job: Job<PendingRun>, checkpoint: Uint8Array, keeping: Keeping): Promise<string | undefined> {
    const keeps = this.#keep(job, checkpoint, keeping);
    this.#underWay.add(keeps);
    void keeps.finally(() => this.#underWay.delete(keeps));
    return keeps;
  }

  /** The run stands still by hand, or no longer does. */
  mark(job: Job<PendingRun>, byHand: boolean): void {
    const last = this.#last.get(job);
    if (last === undefined || last.byHand === byHand) return;
    const point = { ...last, byHand };
    this.#last.set(job, point);
    this.#note({ point });
  }

  /**
   * An execution has ended, and its result is about to be committed: points that are still on their way are of no use. A
   * row for one of them, written after the end of its run, would never go.
   */
  ended(job: Job<PendingRun>): void {
    this.#executions.delete(job);
  }

  /** A run begins anew: no point of it counts. */
  drop(job: Job<PendingRun>): void {
    const place = this.#last.get(job)?.place;
    if (place !== undefined) this.#note({ dropsPoint: place });
    this.forget(job);
  }

  /** A run is over, and so is its row. */
  forget(job: Job<PendingRun>): void {
    const last = this.#last.get(job);
    this.#last.delete(job);
    this.#executions.delete(job);
    this.#reached.delete(job);
    if (last !== undefined) void this.#removeFiles(filesOf(last));
  }

  /** Resolves when nothing is on its way to the disk. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  /** One after another: each rests on a file of the one before, and decides which of those go. */
  async #keep(job: Job<PendingRun>, checkpoint: Uint8Array, keeping: Keeping): Promise<string | undefined> {
    if (job.value.place === undefined) return undefined;
    const execution = this.#executions.get(job) ?? { writing: 0, last: Promise.resolve() };
    this.#executions.set(job, execution);
    const atMs = this.#parts.clock();
    const [reached, reaches] = [this.#reached.get(job), glanceAt(checkpoint)];
    this.#reached.set(job, reaches);
    execution.writing++;
    const kept = execution.last.then(() => this.#replace(job, execution, { checkpoint, atMs, ...keeping }));
    execution.last = kept;
    const digest = await kept;
    execution.writing--;
    if (digest === undefined && this.#reached.get(job) === reaches) this.#reaches(job, reached);
    return digest;
  }

  /** Never rejects. */
  async #replace(
    job: Job<PendingRun>,
    execution: Execution,
    { checkpoint, atMs, byHand, give }: Keeping & { readonly checkpoint: Uint8Array; readonly atMs: number },
  ): Promise<string | undefined> {
    const { files, observe, log } = this.#parts;
    const { runId, task, place, attempt } = job.value;
    if (place === undefined || this.#executions.get(job) !== execution) return undefined;
    try {
      const { fuel } = glanceAt(checkpoint);
      const before = this.#last.get(job);
      const { digest, base, bytes } = await files.keep(checkpoint, { give, base: before?.base ?? before?.digest });
      if (this.#executions.get(job) !== execution) {
        if (!this.#filesOf(job).includes(digest)) await files.remove(digest);
        return undefined;
      }
      const version = { fits: fitsOf(task), version: versionOf(task) };
      const point = { place, attempt, digest, base, fuel, atMs, ...version, byHand: byHand() };
      this.#last.set(job, point);
      await keepChange(this.#parts, { point });
      observe({ kind: 'run-checkpointed', runId, task: task.manifest.name, fuel, bytes });
      if (before !== undefined)
        await this.#removeFiles(filesOf(before).filter((file) => !filesOf(point).includes(file)));
      return digest;
    } catch (error) {
      log.warn(
        { err: error, runId },
        'a point of a long run could not be kept: after a restart it goes on from an earlier one',
      );
      return undefined;
    }
  }

  #reaches(job: Job<PendingRun>, glance: Glance | undefined): void {
    if (glance === undefined) this.#reached.delete(job);
    else this.#reached.set(job, glance);
  }

  #filesOf(job: Job<PendingRun>): readonly string[] {
    const last = this.#last.get(job);
    return last === undefined ? [] : filesOf(last);
  }

  /** Nobody waits for it. A disk that fails ends the hub. */
  #note(change: Pick<StateChange, 'point' | 'dropsPoint'>): void {
    keepChange(this.#parts, change).catch((error: unknown) =>
      this.#parts.log.debug({ err: error }, 'a point is not on disk'),
    );
  }

  /** Not before the disk knows that no row names them. */
  async #removeFiles(digests: readonly string[]): Promise<void> {
    const { durable, files, log } = this.#parts;
    try {
      await durable();
      for (const digest of digests) await files.remove(digest);
    } catch (error) {
      log.debug({ err: error, digests }, 'checkpoints that are of no use are left until the next start');
    }
  }
}
