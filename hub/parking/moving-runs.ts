import type { RunEnd, RunHandle, RunRequest } from '../../runtime/index.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';
import type { Job } from '../scheduler/index.js';

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
  /** See `Parking.recall`. */
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
