import type { RemoteProvider } from '../session/index.js';
import type { Timer } from '../timer.js';
import type { App } from './app.js';
import { isBetter, type Candidate } from './better-provider.js';
import type { Expectations } from './expectations.js';
import { PLACEMENT_BOUNDS } from './limits.js';
import type { LinkedProviders } from './linked-providers.js';
import type { PlacedTasks } from './placed-tasks.js';

export interface ProviderChoiceParts {
  readonly app: Pick<App, 'deviceOf'>;
  readonly providers: Pick<LinkedProviders, 'all'>;
  readonly tasks: Pick<PlacedTasks, 'isRemoteOnly'>;
  readonly expectations: Pick<Expectations, 'queueMs' | 'transportMs'>;
  readonly timer: Pick<Timer, 'nowMs'>;
}

/** Which provider runs of a task would go to. One that was late with the task, or too small for it, is left out for a while. */
export class ProviderChoice {
  readonly #parts: ProviderChoiceParts;
  /** When a run was late, by provider and task. */
  readonly #lateAtMs = new Map<string, number>();
  /** When a run came to a limit that is lower there, by provider and task. */
  readonly #cappedAtMs = new Map<string, number>();

  constructor(parts: ProviderChoiceParts) {
    this.#parts = parts;
  }

  /** The one at which a run would be over first, of the class of device that its task prefers. */
  bestFor(task: string, payloadBytes = 0): RemoteProvider | undefined {
    const { app, providers, tasks, expectations } = this.#parts;
    const device = app.deviceOf(task);
    let best: (Candidate & { readonly provider: RemoteProvider }) | undefined;
    for (const provider of providers.all) {
      if (provider.isFaulty || !provider.takes(task)) continue;
      const wasLate = this.#wasLate(provider, task);
      // What may execute nowhere else goes to it, if there is no other.
      if (this.#isTooSmall(provider, task) || (wasLate && !tasks.isRemoteOnly(task))) continue;
      const candidate = {
        provider,
        wasLate,
        hasRoom: provider.room > 0,
        isPreferred: device === undefined || provider.capacity.device === device,
        ms: expectations.transportMs(provider, payloadBytes) + expectations.queueMs(provider),
      };
      if (best === undefined || isBetter(candidate, best)) best = candidate;
    }
    return best?.provider;
  }

  /** It did not answer a run of the task in time. */
  noteLate(provider: string, task: string): void {
    this.#lateAtMs.set(`${provider}/${task}`, this.#parts.timer.nowMs());
  }

  /** A run of the task came to a limit that it has lowered. */
  noteCapped(provider: string, task: string): void {
    this.#cappedAtMs.set(`${provider}/${task}`, this.#parts.timer.nowMs());
  }

  /** Whether a task's limits are lower there, and it needs its own, or would have nowhere else to go. */
  #isTooSmall(provider: RemoteProvider, task: string): boolean {
    if (provider.capsOf(task) === undefined) return false;
    if (this.#parts.tasks.isRemoteOnly(task)) return true;
    const cappedAtMs = this.#cappedAtMs.get(`${provider.name}/${task}`) ?? -Infinity;
    return this.#parts.timer.nowMs() - cappedAtMs < PLACEMENT_BOUNDS.cappedForMs;
  }

  #wasLate({ name }: RemoteProvider, task: string): boolean {
    const lateAtMs = this.#lateAtMs.get(`${name}/${task}`) ?? -Infinity;
    return this.#parts.timer.nowMs() - lateAtMs < PLACEMENT_BOUNDS.lateForMs;
  }
}
