import type { MigrationStatus } from '../../provider/protocol/migration/index.js';
import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import { MIGRATION_BOUNDS } from './limits.js';
import type { MovingRun } from './moving-run.js';
import type { Note } from './notes.js';

/** Where a run is that moves, and how it came there. */
export interface MigrationView extends MigrationStatus {
  readonly runId: string;
  readonly task: string;
  readonly provider: string;
  /** When its last point that is known here was: milliseconds since 1970 (UTC). */
  readonly pointAtMs?: number;
  readonly notes: readonly Note[];
}

/** The runs that move, and what is still told of those that move no more. */
export class KnownRuns {
  readonly #moving = new Map<Job<PendingRun>, MovingRun>();
  /** How fast runs that move no more went to each provider. */
  readonly #bytesPerMs = new Map<string, number>();
  /** Of runs that move no more, the latest last. */
  readonly #past = new Map<string, MigrationView>();

  get all(): readonly MovingRun[] {
    return [...this.#moving.values()];
  }

  get size(): number {
    return this.#moving.size;
  }

  has(job: Job<PendingRun>): boolean {
    return this.#moving.has(job);
  }

  get(job: Job<PendingRun>): MovingRun | undefined {
    return this.#moving.get(job);
  }

  find(runId: string): MovingRun | undefined {
    for (const run of this.#moving.values()) if (run.job.value.runId === runId) return run;
    return undefined;
  }

  /** By the name of its migration. */
  named(id: string): MovingRun | undefined {
    for (const run of this.#moving.values()) if (run.id === id) return run;
    return undefined;
  }

  /** Those that move between this hub and a provider, wherever they execute. */
  with(provider: string): readonly MovingRun[] {
    return this.all.filter((run) => run.provider === provider);
  }

  add(run: MovingRun): void {
    this.#moving.set(run.job, run);
  }

  /** It moves no more. */
  remove(run: MovingRun): void {
    if (run.bytesPerMs !== undefined) this.#bytesPerMs.set(run.provider, run.bytesPerMs);
    this.#moving.delete(run.job);
    this.#past.set(run.job.value.runId, viewOf(run));
    const [oldest] = this.#past.keys();
    if (this.#past.size > MIGRATION_BOUNDS.past && oldest !== undefined) this.#past.delete(oldest);
  }

  /** Where a run is, or was last; undefined for one that has not moved, or that too many have moved since. */
  viewOf(runId: string): MigrationView | undefined {
    const run = this.find(runId);
    return run === undefined ? this.#past.get(runId) : viewOf(run);
  }

  /** How fast the latest run that told went to a provider, in bytes per millisecond; undefined when none did. */
  bytesPerMs(provider: string): number | undefined {
    const runs = this.with(provider);
    return runs.findLast((run) => run.bytesPerMs !== undefined)?.bytesPerMs ?? this.#bytesPerMs.get(provider);
  }
}

function viewOf({ job, provider, notes, status, pointAtMs }: MovingRun): MigrationView {
  const { runId, task } = job.value;
  const point = pointAtMs === undefined ? {} : { pointAtMs };
  return { ...status, ...point, runId, task: task.manifest.name, provider, notes };
}
