/** What runs in each of the pool's threads: jobs in, results out. */
import { parentPort, workerData } from 'node:worker_threads';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Artifact } from '../provision/artifact.js';
import type { StateModule, StateReader } from '../state.js';
import type { Limits, RunRequest, RunResult } from '../task.js';
import { Executor } from './executor.js';
import type { SliceWatch } from './gauge.js';
import {
  CONTROL,
  type Partial,
  type Results,
  type StartAnswer,
  type ThreadJob,
  type ThreadOptions,
  type WireEffect,
  type WireResult,
  type WireRun,
} from './wire.js';

const threadOptions = workerData as ThreadOptions;
const executor = new Executor(threadOptions.cacheDir, await openState(threadOptions));

async function openState({ state }: ThreadOptions): Promise<StateReader | undefined> {
  if (state === undefined) return undefined;
  const module = (await import(state.module)) as StateModule;
  return module.openState(state.options);
}

export default function work(job: ThreadJob): Results | StartAnswer {
  switch (job.type) {
    case 'start':
      return start(job.artifact, job.limits);
    case 'batch':
      return new Batch(job).execute();
  }
}

function start(artifact: Artifact, limits: Limits): StartAnswer {
  const watch: SliceWatch = { now: () => performance.now(), cancelled: () => false, sliceEnded: () => undefined };
  try {
    return { type: 'started', fuel: executor.start(artifact, limits, watch) };
  } catch (error) {
    return { type: 'not-started', message: error instanceof Error ? error.message : String(error) };
  }
}

class Batch implements SliceWatch {
  readonly #job: Extract<ThreadJob, { type: 'batch' }>;
  readonly #control: Int32Array;
  readonly #startedAt = performance.now();
  #finished: [number, RunResult][] = [];
  #index = 0;
  /** Runs from here on are not this batch's any more. */
  #end: number;

  constructor(job: Extract<ThreadJob, { type: 'batch' }>) {
    this.#job = job;
    this.#control = new Int32Array(job.control);
    this.#end = job.runs.length;
  }

  execute(): Results {
    const artifacts = new Map(this.#job.artifacts.map((artifact) => [artifact.key, artifact]));
    for (; this.#index < this.#end; this.#index++) {
      Atomics.store(this.#control, CONTROL.running, this.#index);
      const wire = this.#job.runs[this.#index] as WireRun;
      const result = executor.execute(artifacts.get(wire.task) as Artifact, this.#request(wire), this);
      this.#finished.push([this.#index, result]);
    }
    Atomics.store(this.#control, CONTROL.running, -1);
    return pack(this.#finished);
  }

  #request(wire: WireRun): RunRequest {
    const { event, payloadFrom, payloadTo } = wire;
    return { ...wire, event: { ...event, payload: this.#job.payloads.subarray(payloadFrom, payloadTo) } };
  }

  now(): number {
    return performance.now();
  }

  cancelled(): boolean {
    return Atomics.load(this.#control, CONTROL.cancel + this.#index) !== 0;
  }

  /** A long run does not hold the others up: the finished go home, the waiting go back. */
  sliceEnded(): void {
    const last = this.#index === this.#end - 1;
    if (last && this.#finished.length === 0) return;
    if (performance.now() - this.#startedAt < RUNTIME_BOUNDS.batchPatienceMs) return;
    const message: Partial = {
      type: 'partial',
      batch: this.#job.batch,
      returnedFrom: this.#index + 1,
      ...pack(this.#finished),
    };
    this.#finished = [];
    this.#end = this.#index + 1;
    parentPort?.postMessage(message, [message.bytes.buffer as ArrayBuffer]);
  }
}

/** Puts all effects' bytes into one buffer: a message of many small ones is slow. */
function pack(finished: readonly [number, RunResult][]): Results {
  let size = 0;
  for (const [, { effects }] of finished) for (const effect of effects) size += bytesOf(effect).length;
  const bytes = new Uint8Array(size);
  let at = 0;
  const place = (source: Uint8Array): { from: number; to: number } => {
    bytes.set(source, at);
    const from = at;
    at += source.length;
    return { from, to: at };
  };
  const results = finished.map(([index, result]): WireResult => {
    const { outcome, reads, log, droppedLogLines, usage } = result;
    const effects = result.effects.map((effect): WireEffect => {
      switch (effect.kind) {
        case 'publish': {
          const { kind, topic, qos, retain, payload } = effect;
          return { kind, topic, qos, retain, ...place(payload) };
        }
        case 'set': {
          const { kind, bucket, key, value } = effect;
          return { kind, bucket, key, ...place(value) };
        }
        case 'delete':
          return effect;
      }
    });
    return { index, outcome, effects, reads, log, droppedLogLines, usage };
  });
  return { results, bytes };
}

const NONE = new Uint8Array();

function bytesOf(effect: RunResult['effects'][number]): Uint8Array {
  if (effect.kind === 'publish') return effect.payload;
  return effect.kind === 'set' ? effect.value : NONE;
}
