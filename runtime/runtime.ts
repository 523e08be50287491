import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { tuneEngine } from './engine.js';
import { RuntimeError } from './errors.js';
import type { RuntimeObserver } from './observation.js';
import { Pool } from './pool/pool.js';
import { Provisioner } from './provision/provisioner.js';
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
}

export interface Runtime {
  /**
   * Prepares a component for running.
   * @throws RuntimeError naming what is missing, refused or over a limit.
   */
  install(component: Uint8Array, limits: Limits): Promise<InstalledTask>;
  /** Forgets a task, and whatever it was suspected of: its warm instances and compiled code go, its prepared files stay in the cache. */
  uninstall(key: string): void;
  /** Lets go of a task's warm instances: runs that are asked for from now on find fresh memory. */
  forget(key: string): void;
  /**
   * Runs one event. Resolves with an outcome whatever the guest does.
   * @throws RuntimeError 'unknown-task' or 'closed'.
   */
  run(request: RunRequest, signal?: AbortSignal): Promise<RunResult>;
  /** Runs that could be handed over now without waiting behind others. */
  readonly idleSlots: number;
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
  readonly #installed = new Set<string>();

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

  get pool(): Pool {
    return this.#pool;
  }

  get suspects(): Suspects {
    return this.#suspects;
  }

  async install(component: Uint8Array, limits: Limits): Promise<InstalledTask> {
    this.#refuseIfClosed();
    const artifact = await this.#provisioner.prepare(component, { memoryBytes: limits.memoryBytes });
    const startFuel = await this.#pool.start(artifact.key, limits);
    this.#installed.add(artifact.key);
    const { key, digest, imports, initialMemoryBytes } = artifact;
    return { key, digest, imports, initialMemoryBytes, startFuel };
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
    if (this.#pool.closed) return Promise.reject(closed());
    if (!this.#installed.has(request.task)) {
      return Promise.reject(new RuntimeError('unknown-task', `No task with key "${request.task}" is installed`));
    }
    return this.#pool.run(request, signal);
  }

  async close(): Promise<void> {
    this.#provisioner.close();
    await this.#pool.close();
    await this.#suspects.close();
  }

  #refuseIfClosed(): void {
    if (this.#pool.closed) throw closed();
  }
}

function closed(): RuntimeError {
  return new RuntimeError('closed', 'The runtime is closed');
}
