import type { Runtime } from '../../runtime/index.js';
import type { Dispatch, Intake, Lanes } from '../intake/index.js';
import type { Observer } from '../observations.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask, Registry } from '../registry/index.js';
import type { Lane, Scheduler } from '../scheduler/index.js';
import type { Timer } from '../timer.js';
import { keptShaping, runOf, triggerFor } from './new-version.js';

/** Told that a task came, has another version, or went: then `task` is undefined. */
export type TaskListener = (name: string, task: DeployedTask | undefined) => void;

export interface TaskChangesParts {
  readonly registry: Registry;
  readonly lanes: Lanes;
  readonly dispatch: Dispatch;
  readonly intake: Pick<Intake, 'tasksChanged'>;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'pump'>;
  readonly runtime: Pick<Runtime, 'uninstall' | 'forget'>;
  readonly observe: Observer;
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly listeners: readonly TaskListener[];
  /** Takes out the runs of a version that wait for their next attempt; also those in a lane where nothing else waits. */
  readonly takeWaiting: (task: DeployedTask, lane: Lane<PendingRun> | undefined) => readonly PendingRun[];
  /** Told that a version is no longer in force. */
  readonly replaced: (task: DeployedTask) => void;
}

/** What became of the runs that had not begun. */
export interface Moved {
  readonly moved: number;
  readonly dropped: number;
}

/**
 * Puts tasks in force and takes them out of it, while events come. Each change
 * is made at once, between two events; nothing of it is kept on disk.
 *
 * Runs that go on end on the version that they began on. Those that wait, for
 * their turn or to be tried again, go to the new one, with their event and its
 * id, if it has a trigger for them.
 */
export class TaskChanges {
  readonly #parts: TaskChangesParts;
  /** Components that are installed for a task which is not yet in force. */
  readonly #reserved: string[] = [];

  constructor(parts: TaskChangesParts) {
    this.#parts = parts;
  }

  /** Puts a task in force, in the place of the one with its name. */
  put(task: DeployedTask): Moved {
    const { registry, lanes, dispatch } = this.#parts;
    const before = registry.get(task.manifest.name);
    if (before === undefined) {
      registry.add(task);
      lanes.add(task);
      this.#changed(task.manifest.name, task);
      return { moved: 0, dropped: 0 };
    }
    for (const [{ shaping: from }, trigger] of keptShaping(before, task)) {
      if (from === undefined || trigger.shaping === undefined) continue;
      dispatch.renameShaping(from, trigger.shaping, (run) => runOf(run, task, trigger, this.#arrivedMs(run)));
    }
    const { queued, shaped } = dispatch.takeBack(before);
    // Of its key, what waits to be tried again came first.
    const tried = this.#parts.takeWaiting(before, lanes.get(before));
    registry.replace(task);
    this.#retire(before);
    lanes.add(task);
    const moved =
      this.#move(tried, task, (run) => dispatch.putBack(run)) +
      this.#move(queued, task, (run) => dispatch.putBack(run)) +
      this.#move(shaped, task, (run) => dispatch.reshape(run));
    this.#changed(task.manifest.name, task);
    return { moved, dropped: tried.length + queued.length + shaped.length - moved };
  }

  /** Takes up a version that an earlier hub has replaced or removed, and of which runs go on. `check` is to follow when they are here. */
  takeUp(task: DeployedTask): void {
    this.#parts.lanes.takeUp(task, () => this.#left(task));
  }

  /** Takes a task out of force: what waits for it is dropped. */
  remove(task: DeployedTask): Moved {
    const { registry, lanes, dispatch, observe } = this.#parts;
    const { name, version } = task.manifest;
    const { queued, shaped } = dispatch.takeBack(task);
    const tried = this.#parts.takeWaiting(task, lanes.get(task));
    registry.remove(name);
    this.#retire(task);
    for (const run of [...tried, ...queued, ...shaped]) dispatch.drop(run, 'removed');
    observe({ kind: 'task-removed', task: name, version });
    this.#changed(name, undefined);
    return { moved: 0, dropped: tried.length + queued.length + shaped.length };
  }

  /** To be called when runs are over. */
  check(): void {
    for (const task of this.#parts.lanes.leavingTasks) this.#passOn(task);
    if (this.#parts.lanes.check()) this.#parts.scheduler.pump();
  }

  /** Keeps a component installed until `letGo`, whichever tasks go. */
  reserve(component: string): void {
    this.#reserved.push(component);
  }

  letGo(component: string): void {
    this.#reserved.splice(this.#reserved.indexOf(component), 1);
    this.#uninstall(component);
  }

  /** Runs of an old version that failed since, and are to be tried again: before all that waits for the new one. */
  #passOn(before: DeployedTask): void {
    const { registry, dispatch } = this.#parts;
    const tried = this.#parts.takeWaiting(before, undefined);
    if (tried.length === 0) return;
    const task = registry.get(before.manifest.name);
    if (task === undefined) {
      for (const run of tried) dispatch.drop(run, 'removed');
      return;
    }
    const later = dispatch.takeQueued(task);
    this.#move(tried, task, (run) => dispatch.putBack(run));
    for (const run of later) dispatch.putBack(run);
  }

  #retire(task: DeployedTask): void {
    this.#parts.replaced(task);
    this.#parts.lanes.retire(task, () => this.#left(task));
  }

  #left({ manifest, installed }: DeployedTask): void {
    // The next version may be the same component with another configuration: it finds nothing of what this one knew.
    if (manifest.isolation === 'key') this.#parts.runtime.forget(installed.key);
    this.#uninstall(installed.key);
  }

  /** Tasks may be the same component. */
  #uninstall(component: string): void {
    const { registry, lanes, runtime } = this.#parts;
    const inForce = registry.tasks.map(({ installed }) => installed.key);
    if ([...inForce, ...lanes.leavingComponents, ...this.#reserved].includes(component)) return;
    runtime.uninstall(component);
  }

  /** @returns how many runs the task has a trigger for; the others are dropped. */
  #move(runs: readonly PendingRun[], task: DeployedTask, put: (run: PendingRun) => void): number {
    let moved = 0;
    for (const run of runs) {
      const trigger = triggerFor(run, task);
      if (trigger === undefined) {
        this.#parts.dispatch.drop(run, 'no-trigger');
        continue;
      }
      put(runOf(run, task, trigger, this.#arrivedMs(run)));
      moved++;
    }
    return moved;
  }

  #arrivedMs({ event }: PendingRun): number {
    const { timer, clock } = this.#parts;
    return timer.nowMs() - Math.max(0, clock() - event.arrivedAtMs);
  }

  #changed(name: string, task: DeployedTask | undefined): void {
    const { lanes, intake, scheduler, listeners } = this.#parts;
    lanes.check();
    intake.tasksChanged();
    for (const listener of listeners) listener(name, task);
    scheduler.pump();
  }
}
