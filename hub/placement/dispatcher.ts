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
import type { RunsThere } from './runs-there.js';
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

  /** As a whole, wherever that is. */
  async run(request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult> {
    const { here, there, waits, drawsCheck } = this.#parts;
    const name = taskOf(request);
    for (;;) {
      const decision = this.#decide(name, request);
      if (decision.side === 'local') return here.run(name, request, signal);
      if (decision.side === 'remote') {
        const result = await there.run({ name, decision, request, signal, isChecked: drawsCheck() });
        if (result !== undefined) return result;
      } else {
        await waits.room(name, request.runId, signal);
      }
      if (signal?.aborted === true) return cancelled(request);
    }
  }

  /** As one that can stand still, unless it goes to a provider as a whole. */
  begin(request: RunRequest, options: PointOptions | undefined): RunHandle {
    const { here, waits, moves, drawsCheck } = this.#parts;
    const name = taskOf(request);
    const { runId } = request;
    const signal = options?.signal;
    const isChecked = drawsCheck();
    const hindrance: Hindrance = (provider) =>
      isChecked ? 'it is executed here as well, to compare' : this.#hindrance(request, provider);
    return new PlacedRun({
      request,
      options,
      decide: () => this.#decide(name, request, hindrance),
      begin: () => here.begin(name, request, options),
      beginning: () => this.#beginningOf(name, request),
      move: ({ provider = '', reason }) => moves()?.begin(runId, provider, reason),
      runThere: async (decision) => {
        this.#elsewhere.set(runId, decision.provider ?? '');
        try {
          return await this.#parts.there.run({ name, decision, request, signal, isChecked });
        } finally {
          this.#elsewhere.delete(runId);
        }
      },
      room: () => waits.room(name, runId, signal),
      cancelled: () => cancelled(request),
    });
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

function cancelled({ runId }: RunRequest): RunResult {
  const usage = { fuel: 0, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };
  return { runId, outcome: { kind: 'cancelled' }, effects: [], reads: [], log: [], droppedLogLines: 0, usage };
}
