import type { TaskEvent } from '../runtime/index.js';
import type { Chain } from './loops/index.js';
import type { Trigger } from './manifest/index.js';
import type { DeployedTask } from './registry/index.js';

/** A run that the hub holds: it waits, runs, or is being committed. */
export interface PendingRun {
  /** Stable over attempts: the event's id and the task's name. */
  readonly runId: string;
  readonly task: DeployedTask;
  readonly event: TaskEvent;
  /** How the event came about. */
  readonly chain: Chain;
  /** What woke the task. */
  readonly trigger: Trigger;
  /** See `Match`. */
  readonly key: string | undefined;
  readonly shapingKey: string;
  /** When it is no longer to be started, by the monotonic clock; Infinity for never. */
  readonly expiresAtMs: number;
  /** Executions begun so far. */
  attempt: number;
  /** When the first attempt was started, which all attempts see as now; 0 before. */
  clockMs: number;
  readonly seed: number;
}
