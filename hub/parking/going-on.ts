import { glanceAt, RuntimeError, type RunHandle, type RunRequest, type Runtime } from '../../runtime/index.js';
import type { CheckpointFiles } from '../checkpoints/index.js';
import type { Observer } from '../observations.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';
import type { Job } from '../scheduler/index.js';
import { fitsOf } from './fits.js';
import type { KeptPoints } from './kept-points.js';
import type { StandingRuns } from './standing-runs.js';

export interface GoingOnParts {
  readonly runtime: Pick<Runtime, 'begin' | 'resume'>;
  readonly points: KeptPoints;
  readonly files: Pick<CheckpointFiles, 'read'>;
  readonly standing: Pick<StandingRuns, 'of'>;
  readonly observe: Observer;
}

type BeginOptions = Parameters<Runtime['begin']>[1];

/** Where a run goes on from. One whose checkpoint cannot be had, or is of another task, begins anew, and that is told. */
export class GoingOn {
  readonly #parts: GoingOnParts;

  constructor(parts: GoingOnParts) {
    this.#parts = parts;
  }

  /** What a run goes on from; undefined when it begins. */
  async from(job: Job<PendingRun>): Promise<Uint8Array | undefined> {
    const { points, files } = this.#parts;
    const { point, task, attempt } = job.value;
    const standing = this.#parts.standing.of(job);
    if (standing?.checkpoint !== undefined) return standing.checkpoint;
    const digest = standing?.digest ?? point?.digest;
    if (digest === undefined) return undefined;
    const fuel = standing?.fuel ?? point?.fuel ?? 0;
    if (point !== undefined) {
      if (points.of(job) === undefined) points.adopt(job, point);
      if (point.fits !== fitsOf(task) || point.attempt !== attempt) {
        this.beginsAnew(job, 'its task is not what it was when it stood still', fuel);
        return undefined;
      }
    }
    try {
      const checkpoint = await files.read(digest);
      if (point !== undefined) points.goesOn(job, checkpoint);
      return checkpoint;
    } catch (error) {
      this.beginsAnew(job, `its checkpoint cannot be read: ${messageOf(error)}`, fuel);
      return undefined;
    }
  }

  /** Gives a run to the runtime. */
  begin(
    job: Job<PendingRun>,
    from: Uint8Array | undefined,
    { request, options }: { readonly request: RunRequest; readonly options: BeginOptions },
  ): RunHandle {
    const { runtime, observe } = this.#parts;
    if (from === undefined) return runtime.begin(request, options);
    const { runId, task, point } = job.value;
    const { fuel } = glanceAt(from);
    try {
      const handle = runtime.resume(from, task.installed.key, options);
      const fromEarlierHub = point !== undefined;
      observe({ kind: 'run-resumed', runId, task: task.manifest.name, fuel, fromEarlierHub });
      return handle;
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'checkpoint-refused') throw error;
      this.beginsAnew(job, error.message, fuel);
      return runtime.begin(request, options);
    } finally {
      job.value.point = undefined;
    }
  }

  /** No point of a run counts any more. @param fuel that it had used. */
  beginsAnew(job: Job<PendingRun>, reason: string, fuel: number): void {
    this.#parts.points.drop(job);
    job.value.point = undefined;
    job.value.settledFuel = 0;
    this.tellRestart(job.value.runId, job.value.task, { reason, fuel });
  }

  tellRestart(runId: string, task: DeployedTask, what: { readonly reason: string; readonly fuel: number }): void {
    this.#parts.observe({ kind: 'run-restarted', runId, task: task.manifest.name, ...what });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
