import type { RunRequest, RunResult, Runtime } from '../../runtime/index.js';
import type { Logger } from '../log.js';
import { cameToCap, RemoteLost, type RemoteProvider } from '../session/index.js';
import type { Timer } from '../timer.js';
import type { Decision } from './decide.js';
import type { Decisions } from './decisions.js';
import type { Expectations } from './expectations.js';
import { firstResult } from './first-result.js';
import { difference } from './fuel-check.js';
import { PLACEMENT_BOUNDS } from './limits.js';
import type { LinkedProviders } from './linked-providers.js';
import type { PlacedTasks } from './placed-tasks.js';
import type { ProviderChoice } from './provider-choice.js';
import type { RunsHere } from './runs-here.js';

export interface RunsThereParts {
  readonly providers: Pick<LinkedProviders, 'find'>;
  readonly local: () => Pick<Runtime, 'run' | 'idleSlots'>;
  readonly here: Pick<RunsHere, 'run'>;
  readonly tasks: Pick<PlacedTasks, 'isRemoteOnly' | 'weight'>;
  readonly expectations: Pick<
    Expectations,
    'speedOf' | 'queueMs' | 'transportMs' | 'begins' | 'noteRun' | 'noteTransport'
  >;
  readonly choice: Pick<ProviderChoice, 'noteLate' | 'noteCapped'>;
  readonly decisions: Pick<Decisions, 'note'>;
  readonly timer: Timer;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** A run that is executed at a provider as a whole. */
export interface RemoteRun {
  /** Its task's. */
  readonly name: string;
  readonly decision: Decision;
  readonly request: RunRequest;
  readonly signal: AbortSignal | undefined;
  /** Whether it is executed here as well, to compare. */
  readonly isChecked: boolean;
}

/**
 * Has runs executed at providers as a whole, and sees to it that there is one result: one that is late is executed here
 * as well, and so is one that is compared; one that came to a limit that is lower there is executed here once more.
 */
export class RunsThere {
  readonly #parts: RunsThereParts;
  /** Those that are under way, and where. */
  readonly #at = new Map<string, string>();
  #epoch = 0;
  #isClosed = false;

  constructor(parts: RunsThereParts) {
    this.#parts = parts;
  }

  /** The provider that executes a run; undefined for any other run. */
  providerOf(runId: string): string | undefined {
    return this.#at.get(runId);
  }

  /** Runs that are lost from now on are nobody's. */
  close(): void {
    this.#isClosed = true;
  }

  /** @returns undefined when the run is to be placed anew. */
  async run(run: RemoteRun): Promise<RunResult | undefined> {
    const { name, decision, request } = run;
    const { providers, expectations, log } = this.#parts;
    const provider = providers.find(decision.provider);
    if (provider === undefined) return undefined;
    const speed = expectations.speedOf(name, decision.fuel, provider.name);
    const expectedMs = decision.fuel / speed.fuelPerMs;
    const waitMs = expectations.queueMs(provider) + expectations.transportMs(provider, request.event.payload.length);
    const { lateFactor, lateMs, lateUnknownMs } = PLACEMENT_BOUNDS;
    const late = speed.isMeasured ? Math.max(lateMs, lateFactor * (expectedMs + waitMs)) : lateUnknownMs;
    const over = expectations.begins(expectedMs, provider.name);
    this.#at.set(request.runId, provider.name);
    try {
      return await this.#first(provider, run, late);
    } catch (error) {
      if (!(error instanceof RemoteLost)) throw error;
      if (error.isOverdue) this.#parts.choice.noteLate(provider.name, name);
      if (!this.#isClosed) log.info({ runId: request.runId, reason: error.message }, 'a run is placed anew');
      return undefined;
    } finally {
      over();
      this.#at.delete(request.runId);
    }
  }

  async #first(provider: RemoteProvider, run: RemoteRun, lateMs: number): Promise<RunResult> {
    const { name, request, signal } = run;
    const { local, here, tasks, expectations, timer } = this.#parts;
    const epoch = ++this.#epoch;
    const first = await firstResult({
      there: (ends) => provider.run({ request, task: name, epoch }, ends),
      here: (ends) => local().run(request, ends),
      mayBeHere: tasks.isRemoteOnly(name) ? undefined : () => this.#isSpare(),
      lateMs,
      timer,
      signal,
    });
    if (first.side === 'here') {
      // One that is cancelled ends here first, as that is nearer.
      return first.result.outcome.kind === 'cancelled' ? first.result : this.#wasLate(provider, run, first.result);
    }
    const { result, queuedMs, tookMs, bytes, caps } = first.answer;
    const cap = caps && cameToCap(result, caps);
    if (cap !== undefined) {
      this.#wasCapped(provider, run, result, cap);
      return here.run(name, request, signal);
    }
    expectations.noteRun(name, request.event.payload.length, result, provider.name);
    expectations.noteTransport(provider.name, bytes, Math.max(0, tookMs - queuedMs - result.usage.wallMs));
    return run.isChecked ? this.#checked(provider, run, result) : { ...result, where: provider.name };
  }

  /** Whether a run that executes elsewhere may be executed here as well: that costs nothing that anybody waits for. */
  #isSpare(): boolean {
    return this.#parts.local().idleSlots > 0 && this.#parts.tasks.weight === 1;
  }

  /** A run was executed here before its provider answered. */
  #wasLate(provider: RemoteProvider, { name, request }: RemoteRun, result: RunResult): RunResult {
    const { choice, decisions, expectations, log } = this.#parts;
    const { runId, event } = request;
    choice.noteLate(provider.name, name);
    const reason = `${provider.name} did not answer in time, and it was over here before it did`;
    decisions.note(runId, { side: 'local', fuel: result.usage.fuel, reason });
    log.warn({ runId, provider: provider.name }, 'a provider is late: a run was executed here as well');
    expectations.noteRun(name, event.payload.length, result);
    return result;
  }

  #wasCapped(provider: RemoteProvider, { name, request }: RemoteRun, { usage }: RunResult, cap: string): void {
    const { choice, decisions } = this.#parts;
    choice.noteCapped(provider.name, name);
    const reason = `it came to a limit at ${provider.name}: ${cap}`;
    decisions.note(request.runId, { side: 'local', fuel: usage.fuel, reason });
  }

  /** Executes a run here as well. What differs is the provider's fault, and what was found here counts. */
  async #checked(provider: RemoteProvider, { request, signal }: RemoteRun, remote: RunResult): Promise<RunResult> {
    const local = await this.#parts.local().run(request, signal);
    const fault = difference(remote, local);
    if (fault === undefined) return { ...remote, where: provider.name };
    provider.fault(`${request.runId}: ${fault}`);
    return local;
  }
}
