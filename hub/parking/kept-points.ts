import type { CheckpointFiles } from '../checkpoints/index.js';
import type { Observer } from '../events.js';
import type { Journal } from '../journal.js';
import type { Logger } from '../log.js';
import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import type { StateChange, StoredPoint } from '../store/index.js';
import { glanceAt } from '../../runtime/index.js';
import { fitsOf } from './fits.js';

export interface KeptPointsParts {
  readonly files: Pick<CheckpointFiles, 'keep' | 'remove'>;
  readonly journal: Pick<Journal, 'write'>;
  /** Resolves when all that was committed before is on disk. */
  readonly durable: () => Promise<void>;
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

/**
 * The last point of each run of the inbox: first the file, then the row that names it, then the file before it goes. So
 * a row that the disk has names a file that it has, whenever the hub is killed.
 */
export class KeptPoints {
  readonly #parts: KeptPointsParts;
  readonly #last = new Map<Job<PendingRun>, StoredPoint>();
  /** What is on its way to the disk, of each execution: what comes there after its end is of no use. */
  readonly #executions = new Map<Job<PendingRun>, { writing: number }>();
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

  /** Whether an earlier point of a run is still being written. */
  isWriting(job: Job<PendingRun>): boolean {
    return (this.#executions.get(job)?.writing ?? 0) > 0;
  }

  /**
   * Keeps a point of a run that the inbox holds.
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
    if (last !== undefined) void this.#removeFile(last.digest);
  }

  /** Resolves when nothing is on its way to the disk. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  async #keep(job: Job<PendingRun>, checkpoint: Uint8Array, { byHand, give }: Keeping): Promise<string | undefined> {
    const { files, observe, log, clock } = this.#parts;
    const { runId, task, place, attempt } = job.value;
    if (place === undefined) return undefined;
    const execution = this.#executions.get(job) ?? { writing: 0 };
    this.#executions.set(job, execution);
    const { fuel } = glanceAt(checkpoint);
    const atMs = clock();
    execution.writing++;
    try {
      const { digest, bytes } = await files.keep(checkpoint, give);
      if (this.#executions.get(job) !== execution) {
        if (this.#last.get(job)?.digest !== digest) await files.remove(digest);
        return undefined;
      }
      const before = this.#last.get(job);
      const point = { place, attempt, digest, fuel, atMs, fits: fitsOf(task), byHand: byHand() };
      this.#last.set(job, point);
      await this.#write({ point });
      observe({ kind: 'run-checkpointed', runId, task: task.manifest.name, fuel, bytes });
      if (before !== undefined && before.digest !== digest) await this.#removeFile(before.digest);
      return digest;
    } catch (error) {
      log.warn(
        { err: error, runId },
        'a point of a long run could not be kept: after a restart it goes on from an earlier one',
      );
      return undefined;
    } finally {
      execution.writing--;
    }
  }

  /** Nobody waits for it. A disk that fails ends the hub. */
  #note(change: Pick<StateChange, 'point' | 'dropsPoint'>): void {
    this.#write(change).catch((error: unknown) => this.#parts.log.debug({ err: error }, 'a point is not on disk'));
  }

  /** Resolves when the disk has it. */
  async #write(change: Pick<StateChange, 'point' | 'dropsPoint'>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#parts.journal.write([{ reads: [], writes: [], ...change }], () => resolve());
    });
    await this.#parts.durable();
  }

  /** Not before the disk knows that no row names it. */
  async #removeFile(digest: string): Promise<void> {
    const { durable, files, log } = this.#parts;
    try {
      await durable();
      await files.remove(digest);
    } catch (error) {
      log.debug({ err: error, digest }, 'a checkpoint that is of no use is left until the next start');
    }
  }
}
