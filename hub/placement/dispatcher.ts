import {
  beginningOf,
  type PointOptions,
  type RunHandle,
  type RunRequest,
  type RunResult,
} from '../../runtime/index.js';
import type { Moves } from '../migration/index.js';
import type { Decision } from './decide.js';
import type { Decisions } from './decisions.js';
import { PlacedRun } from './placed-run.js';
import type { PlacedTasks } from './placed-tasks.js';
import type { Hindrance, Placer } from './placer.js';
import type { ProviderWaits } from './provider-waits.js';
import type { RunsHere } from './runs-here.js';
import type { RemoteRun, RunsThere } from './runs-there.js';
import { taskOf } from './task-of.js';

export interface DispatcherParts {
  readonly tasks: Pick<PlacedTasks, 'of'>;
  readonly placer: Pick<Placer, 'decide'>;
  readonly decisions: Pick<Decisions, 'note'>;
  readonly here: Pick<RunsHere, 'run' | 'begin'>;
  readonly there: Pick<RunsThere, 'run'>;
  readonly waits: Pick<ProviderWaits, 'room'>;
  /** Undefined while runs do not move. */
  readonly moves: () => Pick<Moves, 'refusal' | 'begin'> | undefined;
  /** Whether the next run is executed here as well, if it goes to a provider. */
  readonly drawsCheck: () => boolean;
}

/** Has each run executed where it is placed, and placed anew when it is lost there. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  /** Runs that could stand still here, and the providers that execute them as a whole. */
  readonly #elsewhere = new Map<string, string>();
  /** Ends each run that is at a provider as a whole, or waits for one. */
  readonly #stops = new Map<string, AbortController>();
  #isClosed = false;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Runs that could stand still here, and execute at providers as a whole. */
  get elsewhere(): number {
    return this.#elsewhere.size;
  }

  /** The provider that executes such a run; undefined for any other run. */
  elsewhereOf(runId: string): string | undefined {
    return this.#elsewhere.get(runId);
  }

  /** Ends a run without effect that is at a provider as a whole, or waits for one. @returns whether it is one of these. */
  cancel(runId: string): boolean {
    const stop = this.#stops.get(runId);
    stop?.abort();
    return stop !== undefined;
  }

  /** Runs that are away end: none begins here any more. */
  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops.values()) stop.abort();
  }

  /** As a whole, wherever that is. */
  async run(request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult> {
    const { here, drawsCheck } = this.#parts;
    const name = taskOf(request);
    const first = this.#decide(name, request);
    if (first.side === 'local') return here.run(name, request, signal);
    const stop = new AbortController();
    const either = eitherOf(signal, stop);
    for (let decision = first; ; decision = this.#decide(name, request)) {
      if (decision.side === 'local') return here.run(name, request, either);
      const run = { name, decision, request, signal: either, isChecked: drawsCheck() };
      const result = await this.#away(run, stop);
      if (result !== undefined) return result;
      if (either.aborted) return cancelled(request);
    }
  }

  /** As one that can stand still, unless it goes to a provider as a whole. */
  begin(request: RunRequest, options: PointOptions | undefined): RunHandle {
    const { here, moves, drawsCheck } = this.#parts;
    const name = taskOf(request);
    const { runId } = request;
    const stop = new AbortController();
    const signal = eitherOf(options?.signal, stop);
    const isChecked = drawsCheck();
    const hindrance: Hindrance = (provider) =>
      isChecked ? 'it is executed here as well, to compare' : this.#hindrance(request, provider);
    return new PlacedRun({
      request,
      options: { ...options, signal },
      decide: () => this.#decide(name, request, hindrance),
      begin: (of, to) => here.begin(name, of, to),
      beginning: () => this.#beginningOf(name, request),
      move: ({ provider = '', reason }) => moves()?.begin(runId, provider, reason),
      away: async (decision) => {
        if (decision.side === 'remote') this.#elsewhere.set(runId, decision.provider ?? '');
        try {
          return await this.#away({ name, decision, request, signal, isChecked }, stop);
        } finally {
          this.#elsewhere.delete(runId);
        }
      },
      cancelled: () => cancelled(request),
    });
  }

  /** Has a run executed at a provider, or wait for one. @returns undefined when it is to be placed anew, or has been ended. */
  async #away(run: RemoteRun, stop: AbortController): Promise<RunResult | undefined> {
    const { there, waits } = this.#parts;
    const { name, decision, request, signal } = run;
    this.#stops.set(request.runId, stop);
    if (this.#isClosed) stop.abort();
    try {
      if (decision.side === 'remote') return await there.run(run);
      await waits.room(name, request.runId, signal);
      return undefined;
    } finally {
      this.#stops.delete(request.runId);
    }
  }

  #decide(name: string, request: RunRequest, hindrance?: Hindrance): Decision {
    const decision = this.#parts.placer.decide(name, request, hindrance);
    this.#parts.decisions.note(request.runId, decision);
    return decision;
  }

  /** Why a run that has not begun cannot move; undefined when it can. */
  #hindrance({ runId }: RunRequest, provider: string): string | undefined {
    const task = this.#parts.tasks.of(taskOf({ runId }))?.task;
    if (task?.installed.resumable === undefined) return 'its task cannot stand still';
    const moves = this.#parts.moves();
    return moves === undefined ? 'runs do not move here' : moves.refusal(runId, provider);
  }

  #beginningOf(name: string, request: RunRequest): Uint8Array {
    const { digest = '', resumable = '' } = this.#parts.tasks.of(name)?.task.installed ?? {};
    return beginningOf(request, { component: digest, instrumentation: resumable });
  }
}

function eitherOf(signal: AbortSignal | undefined, { signal: own }: AbortController): AbortSignal {
  return signal === undefined ? own : AbortSignal.any([signal, own]);
}

function cancelled({ runId }: RunRequest): RunResult {
  const usage = { fuel: 0, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };
  return { runId, outcome: { kind: 'cancelled' }, effects: [], reads: [], log: [], droppedLogLines: 0, usage };
}
