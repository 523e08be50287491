import type { LinkedProviders } from './linked-providers.js';
import { noTaker } from './no-taker.js';
import type { PlacedTasks } from './placed-tasks.js';
import type { ProviderChoice } from './provider-choice.js';
import { taskOf } from './task-of.js';
import type { ToldWaits } from './told-waits.js';

export interface ProviderWaitsParts {
  readonly tasks: Pick<PlacedTasks, 'of'>;
  readonly providers: Pick<LinkedProviders, 'all'>;
  readonly choice: Pick<ProviderChoice, 'bestFor'>;
  /** Runs of a task that could begin. */
  readonly readyOf: (task: string) => number;
  readonly told: Pick<ToldWaits, 'waits'>;
}

/** Runs that may only execute at a provider, while none takes them, and what they wait for. */
export class ProviderWaits {
  readonly #parts: ProviderWaitsParts;
  /** What has each go on. */
  readonly #waiting = new Set<() => void>();
  /** Those that have begun, and their tasks. */
  readonly #unplaced = new Map<string, string>();

  constructor(parts: ProviderWaitsParts) {
    this.#parts = parts;
  }

  /** Resolves when a provider may have room, or the run was cancelled. */
  async room(task: string, runId: string, signal: AbortSignal | undefined): Promise<void> {
    const { choice, told } = this.#parts;
    this.#unplaced.set(runId, task);
    if (choice.bestFor(task) === undefined) told.waits(task);
    try {
      await this.#change(signal);
    } finally {
      this.#unplaced.delete(runId);
    }
  }

  /** A provider has more room, or another one. */
  changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }

  /** Those that wait are left. */
  close(): void {
    this.#waiting.clear();
  }

  /** What a run of the task would wait for now, in words; undefined when it may execute here, or a provider has room. */
  waitsFor(task: string): string | undefined {
    const { tasks, providers, choice } = this.#parts;
    const placed = tasks.of(task);
    if (placed?.planned.isRemote !== true || placed.planned.policy !== 'remote-only') return undefined;
    const provider = choice.bestFor(task);
    if (provider === undefined) return noTaker(task, placed.task.manifest.limits, providers.all);
    return provider.room > 0 ? undefined : `the provider ${provider.name} has no room now`;
  }

  /** What a run waits for, in words; undefined when it waits for no provider. @param isQueued It has not begun. */
  waitsOf(runId: string, isQueued: boolean): string | undefined {
    return isQueued || this.#unplaced.has(runId) ? this.waitsFor(taskOf({ runId })) : undefined;
  }

  /** Why no provider takes runs of the task, while some wait; undefined otherwise. */
  untaken(task: string): string | undefined {
    const { choice, readyOf } = this.#parts;
    const wait = readyOf(task) > 0 || [...this.#unplaced.values()].includes(task);
    return wait && choice.bestFor(task) === undefined ? this.waitsFor(task) : undefined;
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go);
        signal?.removeEventListener('abort', go);
        resolve();
      };
      this.#waiting.add(go);
      signal?.addEventListener('abort', go);
      if (signal?.aborted === true) go();
    });
  }
}
