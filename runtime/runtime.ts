import type { Bytes, Fuel, Limits, RunRequest, RunResult } from './task.js';

export interface RuntimeOptions {
  /** Threads that run guests. Default: the machine's cores. */
  readonly threads?: number;
  /** Where prepared components are kept, by digest. */
  readonly cacheDir: string;
  /** The module that reads state in each thread (see `state.ts`); without one all buckets are empty. */
  readonly state?: { readonly module: URL; readonly options: unknown };
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
  /** Forgets a task: its warm instances go, its prepared files stay in the cache. */
  uninstall(key: string): void;
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

export function createRuntime(_options: RuntimeOptions): Promise<Runtime> {
  throw new Error('not yet');
}
