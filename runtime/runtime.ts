import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { CheckpointFault, decodeCheckpoint, refuseForeign, type Checkpoint, type Home } from './checkpoint/index.js';
import { tuneEngine } from './engine.js';
import { RuntimeError } from './errors.js';
import type { RuntimeObserver } from './observation.js';
import type { Occupancy } from './occupancy.js';
import type { PointOptions, RunHandle } from './points.js';
import { Pool } from './pool/pool.js';
import { Provisioner } from './provision/provisioner.js';
import type { Points } from './provision/suspend/points.js';
import { Suspects } from './suspects/suspects.js';
import type { Bytes, Fuel, Limits, RunRequest, RunResult } from './task.js';

export interface RuntimeOptions {
  /** Threads that run guests. Default: the machine's cores. */
  readonly threads?: number;
  /** Where prepared components are kept, by digest. */
  readonly cacheDir: string;
  /**
   * The module that reads state in each thread (see `state.ts`); without one all buckets are empty.
   * Its options cross into threads, and into the process of suspected tasks: no shared memory.
   */
  readonly state?: { readonly module: URL; readonly options: unknown };
  /** Told of threads and processes that were lost. */
  readonly observe?: RuntimeObserver;
}

export interface InstalledTask {
  /** Names it in a RunRequest. */
  readonly key: string;
  /** sha256 of the component file, in hex. */
  readonly digest: string;
  /** Interfaces it imports, such as "wasi:logging/logging@0.1.0-draft", sorted. */
  readonly imports: readonly string[];
  /** Memory a fresh instance holds. */
  readonly initialMemoryBytes: Bytes;
  /** Fuel its start functions take, once per instance; not charged to runs. */
  readonly startFuel: Fuel;
  /**
   * Names the code that its checkpoints belong to: they resume where the component's digest and this are the same.
   * Undefined if its runs are not suspended.
   */
  readonly resumable?: string | undefined;
}

export interface InstallOptions {
  /** Its runs can be suspended, at these points of execution. Undefined, the default, for a task that is not resumable. */
  readonly resumable?: Points | undefined;
}

export interface Runtime {
  /**
   * Prepares a component for running.
   * @throws RuntimeError naming what is missing, refused or over a limit.
   */
  install(component: Uint8Array, limits: Limits, options?: InstallOptions): Promise<InstalledTask>;
  /** Forgets a task, and whatever it was suspected of: its warm instances and compiled code go, its prepared files stay in the cache. */
  uninstall(key: string): void;
  /** Lets go of a task's warm instances: runs that are asked for from now on find fresh memory. */
  forget(key: string): void;
  /**
   * Runs one event. Resolves with an outcome whatever the guest does.
   * @throws RuntimeError 'unknown-task' or 'closed'.
   */
  run(request: RunRequest, signal?: AbortSignal): Promise<RunResult>;
  /**
   * The same for a run that can be suspended, which `resume` goes on with. Its task need not be resumable: then it has
   * no points of execution.
   * @throws RuntimeError 'unknown-task' or 'closed'.
   */
  begin(request: RunRequest, options?: PointOptions): RunHandle;
  /**
   * Goes on with a run from a checkpoint, whoever took it. What it may use and touch is what the checkpoint says: whose
   * checkpoints are resumed is for the caller to know, and `authorityOf` to compare.
   * A run whose task has become a suspect meanwhile begins again instead.
   * @param task the key of the component that it is a run of, installed as resumable.
   * @throws RuntimeError 'checkpoint-refused' saying what does not fit, 'unknown-task' or 'closed'.
   */
  resume(checkpoint: Uint8Array, task: string, options?: PointOptions): RunHandle;
  /** Runs that could be handed over now without waiting behind others. */
  readonly idleSlots: number;
  /** Who executes and who waits. Made anew for each look: not for each event. */
  readonly occupancy: Occupancy;
  /**
   * Leaves the thread on which a run executes to that run alone, until it ends, and starts another in its place.
   * @returns whether it did: not when the run does not execute, or `threadsApart` runs have one already.
   */
  setApart(runId: string): boolean;
  /** Ends a run at its next slice, as its signal would; whatever it has come to, it has no effect. @returns whether it is here; one of a suspected task is not. */
  cancel(runId: string): boolean;
  /** Finishes what it holds, then stops its threads. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the threads. Components are installed one by one.
 * @throws RuntimeError 'internal' when the threads do not start, for instance because the state module does not load.
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  tuneEngine();
  await mkdir(options.cacheDir, { recursive: true });
  const runtime = new ThreadedRuntime(options);
  try {
    await runtime.pool.ready();
  } catch (error) {
    await runtime.close();
    throw error;
  }
  return runtime;
}

class ThreadedRuntime implements Runtime {
  readonly #pool: Pool;
  readonly #suspects: Suspects;
  readonly #provisioner: Provisioner;
  readonly #installed = new Map<string, Home>();

  constructor({ threads, cacheDir, state, observe = () => undefined }: RuntimeOptions) {
    const inThread = {
      cacheDir,
      state: state === undefined ? undefined : { module: state.module.href, options: state.options },
    };
    this.#provisioner = new Provisioner(cacheDir);
    this.#suspects = new Suspects(inThread, observe);
    this.#pool = new Pool({
      ...inThread,
      threads: threads ?? availableParallelism(),
      quarantine: this.#suspects,
      observe,
    });
  }

  get idleSlots(): number {
    return this.#pool.idleSlots;
  }

  get occupancy(): Occupancy {
    return this.#pool.occupancy;
  }

  setApart(runId: string): boolean {
    return this.#pool.setApart(runId);
  }

  cancel(runId: string): boolean {
    return this.#pool.cancel(runId);
  }

  get pool(): Pool {
    return this.#pool;
  }

  get suspects(): Suspects {
    return this.#suspects;
  }

  async install(component: Uint8Array, limits: Limits, options: InstallOptions = {}): Promise<InstalledTask> {
    this.#refuseIfClosed();
    const { memoryBytes } = limits;
    const artifact = await this.#provisioner.prepare(component, { memoryBytes, resumable: options.resumable });
    const startFuel = await this.#pool.start(artifact.key, limits);
    const { key, digest, imports, initialMemoryBytes } = artifact;
    const resumable = artifact.resumable?.instrumentation;
    this.#installed.set(key, { digest, resumable: artifact.resumable });
    return { key, digest, imports, initialMemoryBytes, startFuel, resumable };
  }

  uninstall(key: string): void {
    this.#installed.delete(key);
    this.#suspects.release(key);
    this.#pool.forget(key);
  }

  forget(key: string): void {
    this.#pool.forget(key);
  }

  run(request: RunRequest, signal?: AbortSignal): Promise<RunResult> {
    const refused = this.#refusal(request.task);
    return refused === undefined ? this.#pool.run(request, signal) : Promise.reject(refused);
  }

  begin(request: RunRequest, options: PointOptions = {}): RunHandle {
    const refused = this.#refusal(request.task);
    if (refused !== undefined) throw refused;
    return this.#pool.begin(request, undefined, options);
  }

  resume(checkpoint: Uint8Array, task: string, options: PointOptions = {}): RunHandle {
    const refused = this.#refusal(task);
    if (refused !== undefined) throw refused;
    const { request } = readOrRefuse(checkpoint, this.#installed.get(task));
    return this.#pool.begin({ ...request, task }, checkpoint, options);
  }

  async close(): Promise<void> {
    this.#provisioner.close();
    await this.#pool.close();
    await this.#suspects.close();
  }

  #refusal(task: string): RuntimeError | undefined {
    if (this.#pool.closed) return closed();
    if (this.#installed.has(task)) return undefined;
    return new RuntimeError('unknown-task', `No task with key "${task}" is installed`);
  }

  #refuseIfClosed(): void {
    if (this.#pool.closed) throw closed();
  }
}

/** @throws RuntimeError 'checkpoint-refused' */
function readOrRefuse(bytes: Uint8Array, task: Home | undefined): Checkpoint {
  try {
    const checkpoint = decodeCheckpoint(bytes);
    refuseForeign(checkpoint, task ?? { digest: '', resumable: undefined });
    return checkpoint;
  } catch (error) {
    if (!(error instanceof CheckpointFault)) throw error;
    throw new RuntimeError('checkpoint-refused', `The checkpoint cannot be resumed: ${error.message}`, {
      cause: error,
    });
  }
}

function closed(): RuntimeError {
  return new RuntimeError('closed', 'The runtime is closed');
}
