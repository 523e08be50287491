import type { Occupancy } from '../../runtime/index.js';
import type { Logger } from '../log.js';
import type { PendingRun } from '../pending-run.js';
import { requestOf } from '../run-request.js';
import type { Job } from '../scheduler/index.js';
import type { Timer } from '../timer.js';
import { MIGRATION_BOUNDS } from './limits.js';
import type { Links } from './links.js';
import type { Migrations } from './migrations.js';
import { selectMove, type Candidate } from './selection.js';

export interface SelectorParts {
  readonly migrations: Pick<Migrations, 'migrate' | 'of' | 'has' | 'pointBytes' | 'bytesPerMs'>;
  readonly links: Pick<Links, 'outlook' | 'here' | 'prospects' | 'refusal'>;
  /** Runs that execute, wait for a thread, or have moved. */
  readonly runs: () => readonly Job<PendingRun>[];
  /** At its last point that is known. */
  readonly fuelOf: (job: Job<PendingRun>) => number;
  /** Of the files of its last point that is on disk; undefined before there is one. */
  readonly pointBytesOf: (job: Job<PendingRun>) => number | undefined;
  readonly occupancy: () => Occupancy;
  readonly timer: Timer;
  readonly log: Pick<Logger, 'error'>;
}

/** Looks now and then whether a run should move of its own accord, and has one at a time do so. */
export class Selector {
  readonly #parts: SelectorParts;
  /** Where each run was at the last look, and since when, by the monotonic clock. */
  #places = new Map<Job<PendingRun>, { readonly executes: Candidate['executes']; readonly sinceMs: number }>();
  /** The mean of some twenty seconds. */
  #runsPerThread: number | undefined;
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(parts: SelectorParts) {
    this.#parts = parts;
    this.#lookLater();
  }

  /** Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #lookLater(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#parts.timer.after(MIGRATION_BOUNDS.lookMs, () => {
      const failed = (error: unknown): void =>
        this.#parts.log.error({ err: error }, 'no run moves of its own accord now');
      void this.#look()
        .catch(failed)
        .finally(() => this.#lookLater());
    });
  }

  async #look(): Promise<void> {
    const { migrations, occupancy, links } = this.#parts;
    const { threads, executing, waiting } = occupancy();
    const nowPerThread = Math.max(1, (executing.length + waiting.length) / threads);
    const before = this.#runsPerThread ?? nowPerThread;
    const runsPerThread = before + (nowPerThread - before) * MIGRATION_BOUNDS.loadRecent;
    this.#runsPerThread = runsPerThread;
    const selected = selectMove(this.#candidates(), { ...links.here(), runsPerThread });
    if (selected !== undefined) await migrations.migrate(selected.runId, selected.to, selected.why);
  }

  #candidates(): readonly Candidate[] {
    const { runs, timer } = this.#parts;
    const nowMs = timer.nowMs();
    const before = this.#places;
    this.#places = new Map();
    const candidates: Candidate[] = [];
    for (const job of runs()) {
      const executes = this.#placeOf(job);
      const place = before.get(job);
      const sinceMs = place?.executes === executes ? place.sinceMs : nowMs;
      this.#places.set(job, { executes, sinceMs });
      const candidate = this.#candidate(job, executes, nowMs - sinceMs);
      if (candidate !== undefined) candidates.push(candidate);
    }
    return candidates;
  }

  #candidate(job: Job<PendingRun>, executes: Candidate['executes'], hereForMs: number): Candidate | undefined {
    const { links, migrations, fuelOf, pointBytesOf } = this.#parts;
    const { runId, task } = job.value;
    if (task.installed.resumable === undefined || job.probe) return undefined;
    const request = requestOf(job, false);
    const moving = migrations.has(job) ? migrations.of(runId) : undefined;
    const there = links.outlook(task, moving?.provider);
    // What went there before says more than what is assumed.
    const bytesPerMs = there && (migrations.bytesPerMs(there.provider) ?? there.bytesPerMs);
    if (there === undefined || bytesPerMs === undefined || links.refusal(there.provider, task, request) !== undefined)
      return undefined;
    return {
      runId,
      executes,
      provider: there.provider,
      fuel: Math.max(fuelOf(job), moving?.fuel ?? 0),
      // Before its first point nobody knows what its memory holds: no more than all of it goes over the link.
      checkpointBytes: migrations.pointBytes(runId) ?? pointBytesOf(job) ?? task.installed.initialMemoryBytes,
      hereForMs,
      there: { ...there, bytesPerMs },
      ...links.prospects(task, request),
    };
  }

  #placeOf(job: Job<PendingRun>): Candidate['executes'] {
    const { migrations } = this.#parts;
    return (migrations.has(job) ? migrations.of(job.value.runId)?.executes : undefined) ?? 'hub';
  }
}
