import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';

/** What stops runs of tasks with `mode = "restart"`, of which each key has one at a time. */
export class RunStops {
  readonly #stops = new Map<string, AbortController>();

  /** A run starts. @returns what tells it to stop, the same for all its attempts; undefined when nothing can. */
  signalFor({ task, key }: PendingRun): AbortSignal | undefined {
    if (task.manifest.schedule.mode !== 'restart') return undefined;
    const name = nameOf(task, key);
    let stop = this.#stops.get(name);
    if (stop === undefined) {
      stop = new AbortController();
      this.#stops.set(name, stop);
    }
    return stop.signal;
  }

  /** Stops the run of a key, if there is one. */
  stop(task: DeployedTask, key: string): void {
    this.#stops.get(nameOf(task, key))?.abort();
  }

  wasStopped({ task, key }: PendingRun): boolean {
    return this.#stops.get(nameOf(task, key))?.signal.aborted === true;
  }

  /** A run is over. */
  forget({ task, key }: PendingRun): void {
    if (task.manifest.schedule.mode === 'restart') this.#stops.delete(nameOf(task, key));
  }
}

function nameOf(task: DeployedTask, key: string | undefined): string {
  return `${task.manifest.name}/${key ?? ''}`;
}
