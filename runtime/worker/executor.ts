/** Executes runs one after another in this thread, keeping instances warm between them. */
import { RUNTIME_BOUNDS } from '../limits.js';
import { hasBegun } from '../checkpoint/beginning.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Named } from '../checkpoint/delta.js';
import { refuseForeign } from '../checkpoint/foreign.js';
import type { StateReader } from '../state.js';
import type { Bytes, Fuel, Limits, RunRequest, RunResult } from '../task.js';
import type { SliceWatch } from './gauge.js';
import { checkpointOf } from './checkpoint-of.js';
import { Instance, type Still } from './instance.js';
import { losesCounter, outcomeOf, type Ending } from './outcome.js';
import { prefixedState } from './prefixed-state.js';
import { Renewal } from './renewal.js';
import { RunContext, type Executing } from './run-context.js';
import { FramesLost, type Wish } from './suspension.js';
import { WarmTasks, type WarmTask } from './warm-tasks.js';

/** What a run that can be suspended is asked and told, at points of execution. */
export interface RunPoints {
  /** Where it goes on; undefined for a run that begins. */
  readonly from: Checkpoint | undefined;
  /** See `PointOptions`. */
  readonly statePrefix?: string | undefined;
  /** @param fuel what it was granted so far: what it has used, and at most a slice more. */
  wish(fuel: Fuel): Wish;
  /** What the next checkpoint's memory is to be the difference to; undefined for all of it. */
  base?(): Named | undefined;
  /** It stands still. */
  still(checkpoint: Checkpoint): void;
}

/** What is around a run. */
interface Surroundings {
  readonly state: StateReader | undefined;
  /** Undefined for a run that is not suspended. */
  readonly points?: RunPoints;
}

export class Executor {
  readonly #state: StateReader | undefined;
  readonly #warm: WarmTasks;
  readonly #sliceFuel: Fuel | undefined;

  /** @param sliceFuel only for tests: what a slice holds. */
  constructor(cacheDir: string, state: StateReader | undefined, warm = new WarmTasks(cacheDir), sliceFuel?: Fuel) {
    this.#state = state;
    this.#warm = warm;
    this.#sliceFuel = sliceFuel;
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
    return this.#execute(request, watch, { state: this.#state }) as RunResult;
  }

  /**
   * The same for a run that can be suspended.
   * @returns undefined when it was left at a point of execution.
   * @throws CheckpointFault when `points.from` is none of this task's.
   */
  executeInPoints(request: RunRequest, watch: SliceWatch, points: RunPoints): RunResult | undefined {
    const state =
      this.#state && points.statePrefix !== undefined ? prefixedState(this.#state, points.statePrefix) : this.#state;
    return this.#execute(request, watch, { state, points });
  }

  #execute(request: RunRequest, watch: SliceWatch, { state, points }: Surroundings): RunResult | undefined {
    const task = this.#warm.task(request.task);
    const earlier = points?.from;
    if (earlier !== undefined) {
      const { digest, resumable } = task.loaded;
      refuseForeign(earlier, { digest, resumable });
      // What is kept for its key is not what an instance begins with.
      if (request.isolationKey !== undefined) task.drop(request.isolationKey);
    }
    // Time that it stood still does not count.
    const from = watch.now() - (earlier?.used.wallMs ?? 0);
    let ending: Ending | Still;
    let run: RunContext | undefined;
    let instance: Instance | undefined;
    try {
      instance = this.#instanceFor(request, task, watch);
      run = new RunContext(request, instance, state);
      instance.gauge.begin(request.limits.fuel, from + request.limits.deadlineMs, watchOf(run, watch));
      const { gauge } = instance;
      const wishes = points && task.loaded.resumable && instance.isSaved ? () => points.wish(gauge.granted) : undefined;
      if (earlier === undefined || wishes === undefined) ending = instance.handle(run, request.event, wishes);
      else {
        run.continueFrom(earlier.collected);
        run.hostMs = earlier.used.hostMs;
        run.progress = earlier.progress;
        instance.gauge.continueFrom(earlier.used.fuel);
        ending = hasBegun(earlier)
          ? instance.continue(run, earlier.guest, wishes)
          : instance.handle(run, request.event, wishes);
      }
      while (ending.type === 'still') {
        const { fuel, wish } = ending;
        const wallMs = watch.now() - from;
        points?.still(checkpointOf({ run, instance, loaded: task.loaded, fuel, wallMs, base: points.base?.() }));
        if (wish === 'leave') {
          leave(instance, run, task, request);
          return undefined;
        }
        ending = instance.goOn(run);
      }
    } catch (error) {
      ending = { type: 'threw', error };
    }
    // Frames had no room: what they were is lost, but a run is a value, and the same again.
    if (ending.type === 'threw' && ending.error instanceof FramesLost) {
      if (instance !== undefined && run !== undefined) leave(instance, run, task, request);
      return this.#execute(request, watch, { state });
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
    const instance = new Instance(loaded, this.#startContext(task, limits, watch).create, this.#sliceFuel);
    loaded.renewal.made(performance.now() - from);
    // A run that is suspended is told by how it differs from the beginning.
    const forReset = isolationKey === undefined && loaded.resettable && loaded.renewal.keepsNext;
    if (forReset || loaded.resumable !== undefined) instance.save();
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

/** The watch of a run, which hears of its slices as well. */
function watchOf(run: RunContext, watch: SliceWatch): SliceWatch {
  return {
    now: () => watch.now(),
    cancelled: () => watch.cancelled(),
    sliceEnded: () => {
      run.sliceEnded(watch.now());
      watch.sliceEnded();
    },
  };
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

/** Lets go of a run that goes on elsewhere. */
function leave(instance: Instance, run: RunContext, task: WarmTask, { isolationKey }: RunRequest): void {
  run.release();
  if (isolationKey === undefined && reset(instance, task.loaded.renewal)) task.keep(undefined, instance);
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
    noticed: run && noticedBy(run),
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

function noticedBy({ memoryRefused, asked }: RunContext): RunResult['noticed'] {
  if (!memoryRefused && asked.size === 0) return undefined;
  return memoryRefused ? ['memoryBytes', ...asked] : [...asked];
}
