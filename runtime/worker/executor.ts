/** Executes runs one after another in this thread, keeping instances warm between them. */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { StateReader } from '../state.js';
import type { Bytes, Fuel, Limits, RunRequest, RunResult } from '../task.js';
import type { SliceWatch } from './gauge.js';
import { Instance } from './instance.js';
import { losesCounter, outcomeOf, type Ending } from './outcome.js';
import { Renewal } from './renewal.js';
import { RunContext, type Executing } from './run-context.js';
import { WarmTasks, type WarmTask } from './warm-tasks.js';

export class Executor {
  readonly #state: StateReader | undefined;
  readonly #warm: WarmTasks;

  constructor(cacheDir: string, state: StateReader | undefined, warm = new WarmTasks(cacheDir)) {
    this.#state = state;
    this.#warm = warm;
  }

  /**
   * Instantiates a component under limits, to see that it starts. The instance is let go of again, and the component as
   * well unless loading it takes long: a task may wait for ever for its first event, which may go to another thread.
   * @returns the fuel its start functions took. @throws what they end with.
   */
  start(key: string, limits: Limits, watch: SliceWatch): Fuel {
    const { loaded, loadMs } = this.#warm.task(key);
    const start = this.#startContext(key, limits, watch);
    try {
      void new Instance(loaded, start.create);
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
    if (loadMs < RUNTIME_BOUNDS.keptLoadMs) this.#warm.release(key);
    return start.context().gauge.used;
  }

  /** Lets go of all that is kept of a task. */
  forget(key: string): void {
    this.#warm.forget(key);
  }

  execute(request: RunRequest, watch: SliceWatch): RunResult {
    const from = watch.now();
    const task = this.#warm.task(request.task);
    let ending: Ending;
    let run: RunContext | undefined;
    let instance: Instance | undefined;
    try {
      instance = this.#instanceFor(request, task, watch);
      run = new RunContext(request, instance, this.#state);
      instance.gauge.begin(request.limits.fuel, from + request.limits.deadlineMs, watch);
      ending = instance.handle(run, request.event);
    } catch (error) {
      ending = { type: 'threw', error };
    }
    if (losesCounter(ending)) instance?.gauge.forfeit();
    run?.endLines();
    const result = resultOf(request, ending, run, instance, watch.now() - from);
    run?.release();
    if (instance !== undefined) afterRun(instance, task, request, result);
    return result;
  }

  /** One that was kept, or a new one. */
  #instanceFor(request: RunRequest, warm: WarmTask, watch: SliceWatch): Instance {
    const { task, isolationKey, attempt, limits } = request;
    // What an earlier attempt did to its memory was not to be: nothing it did was committed.
    if (isolationKey !== undefined && attempt > 1) warm.drop(isolationKey);
    const kept = warm.instance(isolationKey);
    if (kept !== undefined) return kept;
    const { loaded } = warm;
    const from = performance.now();
    const instance = new Instance(loaded, this.#startContext(task, limits, watch).create);
    loaded.renewal.made(performance.now() - from);
    if (isolationKey === undefined && loaded.resettable && loaded.renewal.keepsNext) instance.save();
    return instance;
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

/** Makes the instance what the next event may find, or lets go of it. */
function afterRun(instance: Instance, task: WarmTask, { isolationKey }: RunRequest, { outcome }: RunResult): void {
  const usable =
    isolationKey === undefined
      ? reset(instance, task.loaded.renewal)
      : // Memory goes the way of effects: what a run left that did not complete is not kept.
        outcome.kind === 'completed' && instance.endEvent();
  if (usable) task.keep(isolationKey, instance);
  else task.drop(isolationKey);
}

function reset(instance: Instance, renewal: Renewal): boolean {
  const measured = Renewal.isWorthMeasuring(instance.memoryBytes);
  if (!instance.isSaved) {
    if (measured) renewal.spent(renewal.makeMs);
    return false;
  }
  const from = measured ? performance.now() : 0;
  if (!instance.reset()) {
    renewal.failed();
    return false;
  }
  renewal.succeeded();
  if (measured) renewal.spent(performance.now() - from);
  return renewal.keeps;
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
    listed: run?.listed,
    pages: run?.pages,
    unrecorded: run?.unrecorded,
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
