import type { Dispatch } from './dispatch.js';
import type { Intake } from './intake.js';
import type { Lanes } from './lanes.js';
import type { DeployedTask, Registry } from '../registry/index.js';

/** What waits for a task. */
export interface QueueOfTask {
  readonly task: string;
  /** Events whose run has not begun. */
  readonly waiting: number;
  /** Since the one of them that has waited longest came; absent when none waits. */
  readonly oldestMs?: number;
  /** Its run. */
  readonly oldestRun?: string;
  /** What they wait for that may execute at a provider only, in words; absent while one takes them. */
  readonly waitsFor?: string;
  /** Events that wait in the shaping of its triggers. */
  readonly shaped: number;
  /** Events that it leaves with the broker until it has room (`overflow = "reject"`). */
  readonly held: number;
  /** Whether they wait for the last runs of an earlier version. */
  readonly replacing: boolean;
}

export interface WaitingParts {
  readonly registry: Pick<Registry, 'tasks'>;
  readonly lanes: Pick<Lanes, 'get' | 'isLeaving'>;
  readonly dispatch: Pick<Dispatch, 'shapedOf'>;
  readonly intake: Pick<Intake, 'heldFor'>;
  /** See `Placement.waitsFor`. Default: nothing. */
  readonly waitsFor?: ((task: string) => string | undefined) | undefined;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
}

/** What waits, for each task. */
export function waitingEvents(parts: WaitingParts): readonly QueueOfTask[] {
  return parts.registry.tasks.map((task) => queueOf(task, parts));
}

/** Whether a run waits that has not begun. */
export function isWaiting(runId: string, { registry, lanes }: Pick<WaitingParts, 'registry' | 'lanes'>): boolean {
  return registry.tasks.some((task) => lanes.get(task)?.hasWaiting((run) => run.runId === runId) === true);
}

function queueOf(task: DeployedTask, { lanes, dispatch, intake, waitsFor, clock }: WaitingParts): QueueOfTask {
  const { name } = task.manifest;
  const lane = lanes.get(task);
  const oldest = lane?.oldest;
  const why = oldest && waitsFor?.(name);
  return {
    task: name,
    waiting: lane?.waiting ?? 0,
    ...(oldest && { oldestMs: Math.max(0, clock() - oldest.event.arrivedAtMs), oldestRun: oldest.runId }),
    ...(why === undefined ? {} : { waitsFor: why }),
    shaped: dispatch.shapedOf(task),
    held: intake.heldFor(task),
    replacing: lanes.isLeaving(name),
  };
}
