/** What runs in each of the pool's threads: jobs in, results out. */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { checkpointDigest, decodeCheckpoint, encodeCheckpoint, vouchFor } from '../checkpoint/codec.js';
import type { StateModule, StateReader } from '../state.js';
import type { Fuel, Limits, RunRequest, RunResult } from '../task.js';
import { DeltaBase } from './delta-base.js';
import { Executor } from './executor.js';
import type { SliceWatch } from './gauge.js';
import type { Wish } from './suspension.js';
import { controlBlock } from './control.js';
import { packResults, unpackRuns, type Finished } from './wire-codec.js';
import {
  ASK,
  CONTROL,
  type Answer,
  type Packed,
  type Partial,
  type Point,
  type PointJob,
  type StartAnswer,
  type ThreadJob,
  type ThreadOptions,
} from './wire.js';

const options = workerData as ThreadOptions;
const executor = new Executor(options.cacheDir, await openState(options));

async function openState({ state }: ThreadOptions): Promise<StateReader | undefined> {
  if (state === undefined) return undefined;
  const module = (await import(state.module)) as StateModule;
  return module.openState(state.options);
}

export default function work(job: ThreadJob): Answer {
  switch (job.type) {
    case 'ping':
      return { type: 'started', fuel: 0 };
    case 'start':
      return start(job.task, job.limits);
    case 'forget':
      executor.forget(job.task);
      return undefined;
    case 'batch':
      return new Batch(job).execute();
  }
}

function start(task: string, limits: Limits): StartAnswer {
  const watch: SliceWatch = { now: () => performance.now(), cancelled: () => false, sliceEnded: () => undefined };
  try {
    return { type: 'started', fuel: executor.start(task, limits, watch) };
  } catch (error) {
    return { type: 'not-started', message: error instanceof Error ? error.message : String(error) };
  }
}

class Batch implements SliceWatch {
  readonly #id: number;
  readonly #requests: readonly RunRequest[];
  readonly #points: readonly PointJob[];
  readonly #control: Int32Array;
  readonly #startedAt = performance.now();
  #finished: Finished[] = [];
  #index = 0;
  /** Runs from here on are not this batch's any more. */
  #end: number;

  constructor(job: Extract<ThreadJob, { type: 'batch' }>) {
    this.#id = job.batch;
    this.#requests = unpackRuns(job.runs);
    this.#points = job.points;
    this.#control = controlBlock(options.control, job.block);
    this.#end = this.#requests.length;
    Atomics.store(this.#control, CONTROL.thread, threadId);
  }

  execute(): Packed {
    for (; this.#index < this.#end; this.#index++) {
      Atomics.store(this.#control, CONTROL.running, this.#index);
      const request = this.#requests[this.#index] as RunRequest;
      const points = this.#points.find(({ index }) => index === this.#index);
      const result = points === undefined ? executor.execute(request, this) : this.#executeInPoints(request, points);
      if (result !== undefined) this.#finished.push([this.#index, result]);
    }
    Atomics.store(this.#control, CONTROL.running, -1);
    return packResults(this.#finished);
  }

  now(): number {
    return performance.now();
  }

  cancelled(): boolean {
    return (this.#asked & ASK.cancel) !== 0;
  }

  get #asked(): number {
    return Atomics.load(this.#control, CONTROL.ask + this.#index);
  }

  /** @returns undefined when the run has left. */
  #executeInPoints(
    request: RunRequest,
    { from: bytes, everyMs = Infinity, everyFuel = Infinity, since, deltas, statePrefix }: PointJob,
  ): RunResult | undefined {
    // It was decoded before it came here.
    if (bytes !== undefined) vouchFor(bytes);
    const from = bytes && decodeCheckpoint(bytes);
    const base = deltas
      ? new DeltaBase(from && bytes && { checkpoint: from, digest: checkpointDigest(bytes) })
      : undefined;
    let lastAt = this.now() - (since?.ms ?? 0);
    let lastFuel = (from?.used.fuel ?? 0) - (since?.fuel ?? 0);
    let wished: Wish = 'go-on';
    const wish = (fuel: Fuel): Wish => {
      wished = this.#wish(this.now() - lastAt >= everyMs || fuel - lastFuel >= everyFuel);
      return wished;
    };
    const still = (checkpoint: Checkpoint): void => {
      const told = base?.told(checkpoint) ?? checkpoint;
      const encoded = encodeCheckpoint(told);
      const leaves = wished === 'leave';
      if (!leaves) base?.passed(told, encoded);
      this.#tell(encoded, leaves);
      lastAt = this.now();
      lastFuel = checkpoint.used.fuel;
    };
    return executor.executeInPoints(request, this, { from, statePrefix, wish, base: () => base?.current, still });
  }

  #wish(due: boolean): Wish {
    const asked = this.#asked;
    if ((asked & ASK.cancel) !== 0) return 'go-on'; // to its end
    if ((asked & ASK.suspend) !== 0) return 'leave';
    return due ? 'copy' : 'go-on';
  }

  #tell(checkpoint: Uint8Array, leaves: boolean): void {
    const point: Point = { type: 'point', batch: this.#id, index: this.#index, leaves, checkpoint };
    parentPort?.postMessage(point, [checkpoint.buffer as ArrayBuffer]);
  }

  /** A long run does not hold the others up: the finished go home, the waiting go back. */
  sliceEnded(): void {
    const last = this.#index === this.#end - 1;
    if (last && this.#finished.length === 0) return;
    if (performance.now() - this.#startedAt < RUNTIME_BOUNDS.batchPatienceMs) return;
    const results = packResults(this.#finished);
    const returnedFrom = this.#index + 1;
    // A guest may have left so little of the stack that sending throws: then nothing is gone, and nothing given back.
    parentPort?.postMessage({ type: 'partial', batch: this.#id, results, returnedFrom } satisfies Partial);
    this.#finished = [];
    this.#end = returnedFrom;
  }
}
