import type { TaskEvent } from '../runtime/index.js';
import type { Chain } from './loops/index.js';
import type { Trigger } from './manifest/index.js';
import type { DeployedTask } from './registry/index.js';
import type { RunPlace, StoredPoint } from './store/index.js';

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
  /** What the guest is told, from 1: how often it was to be tried. */
  attempt: number;
  /** Executions of this attempt begun so far: one is repeated when others wrote what it read. */
  executions: number;
  /** When the hub took the event: milliseconds since 1970 (UTC). */
  readonly takenAtMs: number;
  /** What all executions of this attempt see as now, also after a restart: when it was taken, or was due to be tried again. */
  clockMs: number;
  /** When the last of them was given to the runtime: milliseconds since 1970 (UTC). */
  startedAtMs?: number;
  /** See `attemptSeed`. */
  readonly seed: number;
  /** Where the inbox has it; undefined for an event at QoS 0, which is in memory only. */
  readonly place: RunPlace | undefined;
  /** Set for one that an earlier hub took: it is not refused for want of room. */
  readonly resumed?: true;
  /** The point that it had come to when an earlier hub ended, until it goes on from there. */
  point?: StoredPoint | undefined;
  /** Fuel that its lane was charged for, as it has stood still since. */
  settledFuel?: number;
}
