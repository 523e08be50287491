/** Executes runs one after another in this thread, keeping instances warm between them. */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { StateReader } from '../state.js';
import type { Bytes, Fuel, Limits, RunRequest, RunResult } from '../task.js';
import type { SliceWatch } from './gauge.js';
import { Instance } from './instance.js';
import { Loaded } from './loaded.js';
import { losesCounter, outcomeOf, type Ending } from './outcome.js';
import { RunContext, type Executing } from './run-context.js';

interface Warm {
  readonly loaded: Loaded;
  instance: Instance | undefined;
}

export class Executor {
  readonly #cacheDir: string;
  readonly #state: StateReader | undefined;
  /** In the order of their last use. */
  readonly #tasks = new Map<string, Warm>();

  constructor(cacheDir: string, state: StateReader | undefined) {
    this.#cacheDir = cacheDir;
    this.#state = state;
  }

  /** Instantiates a component under limits. @returns the fuel its start functions took. @throws what they end with. */
  start(key: string, limits: Limits, watch: SliceWatch): Fuel {
    const warm = this.#warm(key);
    const start = this.#startContext(key, limits, watch);
    try {
      warm.instance = new Instance(warm.loaded, start.create);
    } catch (error) {
      const { gauge, memoryRefused, abiFault } = start.context();
      const outcome = outcomeOf({
        ending: { type: 'threw', error },
        stopped: gauge.stopped,
        verdict: undefined,
        overFuel: false,
        memoryRefused,
        abiFault,
      });
      throw new Error('message' in outcome ? `${outcome.kind}: ${outcome.message}` : outcome.kind, { cause: error });
    }
    return start.context().gauge.used;
  }

  execute(request: RunRequest, watch: SliceWatch): RunResult {
    const from = watch.now();
    const warm = this.#warm(request.task);
    let ending: Ending;
    let run: RunContext | undefined;
    let instance: Instance | undefined;
    try {
      instance =
        warm.instance ?? new Instance(warm.loaded, this.#startContext(request.task, request.limits, watch).create);
      warm.instance = undefined; // it comes back when it has been reset
      run = new RunContext(request, instance, this.#state);
      instance.gauge.begin(request.limits.fuel, from + request.limits.deadlineMs, watch);
      ending = instance.handle(run, request.event);
    } catch (error) {
      ending = { type: 'threw', error };
    }
    if (losesCounter(ending)) instance?.gauge.forfeit();
    const result = resultOf(request, ending, run, instance, watch.now() - from);
    run?.release();
    if (ending.type !== 'threw' && instance?.reset() === true) warm.instance = instance;
    return result;
  }

  /** Loads what is needed, and lets go of what was used longest ago. */
  #warm(key: string): Warm {
    const known = this.#tasks.get(key);
    const warm = known ?? { loaded: new Loaded(key, this.#cacheDir), instance: undefined };
    this.#tasks.delete(key);
    this.#tasks.set(key, warm);
    if (known === undefined && this.#tasks.size > RUNTIME_BOUNDS.warmTasks) {
      const [oldest] = this.#tasks.keys();
      if (oldest !== undefined) this.#tasks.delete(oldest);
    }
    return warm;
  }

  /** Start functions run as nobody: no event, no grants, nothing to keep. */
  #startContext(
    key: string,
    limits: Limits,
    watch: SliceWatch,
  ): { create: (instance: Executing) => RunContext; context: () => RunContext } {
    let context: RunContext | undefined;
    const request: RunRequest = {
      runId: '',
      task: key,
      event: { id: '', topic: '', payload: new Uint8Array(), qos: 0, retain: false, arrivedAtMs: 0, captures: {} },
      attempt: 1,
      limits,
      grants: { publish: [], buckets: {} },
      config: {},
      clockMs: 0,
      seed: 0,
      subjects: 'verbatim',
    };
    return {
      create: (instance) => {
        instance.gauge.begin(limits.fuel, watch.now() + limits.deadlineMs, watch);
        context = new RunContext(request, instance, undefined);
        return context;
      },
      context: () => {
        if (context === undefined) throw new Error('the instance was not made');
        return context;
      },
    };
  }
}

function resultOf(
  request: RunRequest,
  ending: Ending,
  run: RunContext | undefined,
  instance: Instance | undefined,
  wallMs: number,
): RunResult {
  const gauge = instance?.gauge;
  const used: Fuel = gauge?.used ?? 0;
  const overFuel = used > request.limits.fuel;
  const outcome = outcomeOf({
    ending,
    stopped: gauge?.stopped,
    verdict: run?.verdict,
    overFuel,
    memoryRefused: run?.memoryRefused ?? false,
    abiFault: run?.abiFault,
  });
  const peakMemoryBytes: Bytes = instance?.memoryBytes ?? 0;
  return {
    runId: request.runId,
    outcome,
    effects: outcome.kind === 'completed' && run !== undefined ? run.effects : [],
    reads: run?.reads ?? [],
    log: run?.log ?? [],
    droppedLogLines: run?.droppedLogLines ?? 0,
    usage: {
      fuel: Math.min(used, request.limits.fuel),
      peakMemoryBytes,
      wallMs,
      hostMs: run?.hostMs ?? 0,
      outputBytes: run?.outputBytes ?? 0,
      logBytes: run?.logBytes ?? 0,
    },
  };
}
