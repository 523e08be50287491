/**
 * A runtime without threads: a run takes a step in each turn of the event loop, and can stand still after each. Its
 * checkpoints are real ones, so that all that is around it can be.
 *
 * Its one task counts: it reads a key at its beginning, and at its end writes and publishes the next number, with what
 * its memory has come to. A payload that is a number says how many steps it takes; with "fail" it fails at once.
 */
import { createHash } from 'node:crypto';
import {
  beginningOf,
  checkpointDigest,
  decodeCheckpoint,
  deltaOf,
  encodeCheckpoint,
  type Checkpoint,
  type InstalledTask,
  type PointOptions,
  type RunEnd,
  type RunHandle,
  type RunResult,
  type Runtime,
  type StateReader,
} from '../../../runtime/index.js';
import { aCheckpoint, page } from '../../runtime/checkpoint/a-checkpoint.js';

/** What a run takes that is not told. */
const STEPS = 24;
const STEPS_OF_A_POINT = 3;
const FUEL_OF_A_STEP = 1_000;
/** So many that the difference of one is much smaller. */
const PAGES = 4;
export const KEY = 'count';

export const INSTALLED: InstalledTask = {
  key: 'counting',
  digest: 'c'.repeat(64),
  imports: [],
  initialMemoryBytes: 65_536,
  startFuel: 0,
  resumable: 'suspend-1/all/x',
};

export interface SteppingOptions {
  /** Where runs that begin here read. */
  readonly state?: () => StateReader;
  /** Told of a run that begins, and does not go on. */
  readonly begins?: (runId: string) => void;
  readonly closed?: () => void;
}

/** A run between two steps. */
interface Memory {
  readonly request: Checkpoint['request'];
  readonly step: number;
  readonly hash: Uint8Array;
  readonly read: { readonly bucket: string; readonly version: number; readonly value: Uint8Array | undefined };
}

export function steppingRuntime({ state, begins, closed }: SteppingOptions = {}): Runtime {
  const executing = new Map<string, SteppingRun>();
  const go = (memory: Memory, options: PointOptions = {}, from?: Uint8Array): RunHandle => {
    const { runId } = memory.request;
    const run = new SteppingRun(memory, options, from);
    executing.set(runId, run);
    void run.end.then(() => (executing.get(runId) === run ? executing.delete(runId) : undefined));
    void run.go();
    return run;
  };
  const runtime: Runtime = {
    install: () => Promise.resolve(INSTALLED),
    uninstall: () => undefined,
    forget: () => undefined,
    run: (request) => ended(runtime.begin(request)),
    begin: (request, options) => {
      begins?.(request.runId);
      return go(beginning(request, state?.()), options);
    },
    resume: (checkpoint, _task, options) => go(memoryOf(decodeCheckpoint(checkpoint)), options, checkpoint),
    setApart: () => false,
    cancel: (runId) => {
      executing.get(runId)?.cancel();
      return executing.has(runId);
    },
    get idleSlots() {
      return Math.max(0, 2 - executing.size);
    },
    get occupancy() {
      const runs = [...executing.keys()].map((runId, thread) => ({ runId, thread }));
      return { threads: 2, idle: runtime.idleSlots, executing: runs, waiting: [], apart: [] };
    },
    close: async () => {
      // Who waits for one that executes is told that it stands still.
      await Promise.all([...executing.values()].map((run) => run.suspend()));
      closed?.();
    },
  };
  return runtime;
}

/** What a run publishes that nobody disturbs. */
export function published(count: number, steps = STEPS): string {
  let hash = firstHash();
  for (let step = 0; step < steps; step++) hash = nextHash(hash, step);
  return textOf(count, hash);
}

class SteppingRun implements RunHandle {
  readonly end: Promise<RunEnd>;
  readonly #options: PointOptions;
  readonly #from: Uint8Array | undefined;
  #memory: Memory;
  #resolve: (end: RunEnd) => void = () => undefined;
  #isAsked = false;
  #isCancelled = false;

  constructor(memory: Memory, options: PointOptions, from: Uint8Array | undefined) {
    this.#memory = memory;
    this.#options = options;
    this.#from = from;
    this.end = new Promise((resolve) => (this.#resolve = resolve));
  }

  async suspend(): Promise<Uint8Array | undefined> {
    this.#isAsked = true;
    const end = await this.end;
    return end.kind === 'suspended' ? end.checkpoint : undefined;
  }

  cancel(): void {
    this.#isCancelled = true;
  }

  async go(): Promise<void> {
    const { signal, onPoint } = this.#options;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const { request, step, hash } = this.#memory;
      if (this.#isCancelled || signal?.aborted === true) {
        return this.#resolve({ kind: 'ended', result: resultOf(this.#memory, { kind: 'cancelled' }) });
      }
      if (this.#isAsked) return this.#resolve({ kind: 'suspended', checkpoint: this.#point() });
      const steps = stepsOf(request);
      if (steps === 0) {
        const outcome = { kind: 'failed', message: 'it was told to' } as const;
        return this.#resolve({ kind: 'ended', result: resultOf(this.#memory, outcome) });
      }
      if (step === steps) return this.#resolve({ kind: 'ended', result: resultOf(this.#memory) });
      this.#memory = { ...this.#memory, request, step: step + 1, hash: nextHash(hash, step) };
      if ((step + 1) % STEPS_OF_A_POINT === 0) onPoint?.(this.#point());
    }
  }

  #point(): Uint8Array {
    const whole = checkpointOf(this.#memory);
    const from = this.#from;
    if (from === undefined || this.#options.deltas !== true) return encodeCheckpoint(whole);
    return encodeCheckpoint(deltaOf(whole, { checkpoint: decodeCheckpoint(from), digest: checkpointDigest(from) }));
  }
}

function beginning(request: Checkpoint['request'], state: StateReader | undefined): Memory {
  const bucket = request.grants.buckets['default']?.id ?? '';
  const snapshot = state?.snapshot();
  const stored = snapshot?.get(bucket, KEY);
  snapshot?.release();
  return { request, step: 0, hash: firstHash(), read: { bucket, version: stored?.version ?? 0, value: stored?.value } };
}

function checkpointOf({ request, step, hash, read }: Memory): Checkpoint {
  const { digest: component, resumable: instrumentation = '' } = INSTALLED;
  const beginning = decodeCheckpoint(beginningOf({ ...request, task: '' }, { component, instrumentation }));
  const first = page(0, 0);
  first.bytes.set(hash);
  const pages = [first, ...Array.from({ length: PAGES - 1 }, (_, i) => page(i + 1, i + 1))];
  return {
    ...beginning,
    request,
    used: { fuel: step * FUEL_OF_A_STEP, wallMs: step, hostMs: 0, peakMemoryBytes: 65_536 },
    collected: { ...beginning.collected, reads: [{ ...read, key: KEY, isRecorded: true }] },
    guest: { ...aCheckpoint().guest, memories: [{ length: 65_536, pages }] },
  };
}

function memoryOf({ request, used, collected, guest }: Checkpoint): Memory {
  const [read] = collected.reads;
  const bytes = guest.memories[0]?.pages[0]?.bytes;
  if (read === undefined || bytes === undefined) throw new Error('it is no checkpoint of this runtime');
  return { request, step: used.fuel / FUEL_OF_A_STEP, hash: Uint8Array.from(bytes.subarray(0, 32)), read };
}

function resultOf(
  { request, step, hash, read }: Memory,
  outcome: RunResult['outcome'] = { kind: 'completed' },
): RunResult {
  const count = Number(Buffer.from(read.value ?? []).toString()) + 1;
  const text = textOf(count, hash);
  const isCompleted = outcome.kind === 'completed';
  const outputBytes = isCompleted ? 2 * text.length + 100 : 0;
  return {
    runId: request.runId,
    outcome,
    effects: isCompleted
      ? [
          { kind: 'set', bucket: read.bucket, key: KEY, value: Buffer.from(`${count}`) },
          { kind: 'publish', topic: 'out/said', payload: Buffer.from(text), qos: 1, retain: false },
        ]
      : [],
    reads: [{ ...read, key: KEY }],
    log: [],
    droppedLogLines: 0,
    usage: { fuel: step * FUEL_OF_A_STEP, peakMemoryBytes: 65_536, wallMs: step, hostMs: 0, outputBytes, logBytes: 0 },
  };
}

async function ended(handle: RunHandle): Promise<RunResult> {
  const end = await handle.end;
  if (end.kind === 'ended') return end.result;
  throw new Error('nobody asked it to stand still');
}

function stepsOf({ event }: Checkpoint['request']): number {
  const text = Buffer.from(event.payload).toString();
  return text === 'fail' ? 0 : Number(text) || STEPS;
}

function firstHash(): Uint8Array {
  return new Uint8Array(32);
}

function nextHash(hash: Uint8Array, step: number): Uint8Array {
  return createHash('sha256').update(hash).update(`${step}`).digest();
}

function textOf(count: number, hash: Uint8Array): string {
  return `${count} ${Buffer.from(hash).toString('hex').slice(0, 16)}`;
}
