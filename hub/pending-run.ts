import type { TaskEvent } from '../runtime/index.js';
import type { DeployedTask } from './registry/index.js';

/** A run that the hub holds: it waits, runs, or is being committed. */
export interface PendingRun {
  /** Stable over attempts: the event's id and the task's name. */
  readonly runId: string;
  readonly task: DeployedTask;
  readonly event: TaskEvent;
  /** Executions begun so far. */
  attempt: number;
  /** When the first attempt was started, which all attempts see as now; 0 before. */
  clockMs: number;
  readonly seed: number;
}
