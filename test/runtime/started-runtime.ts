/** A real runtime with one task in it, for as long as a test runs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { createRuntime, type Runtime, type RunResult, type RuntimeObservation } from '../../runtime/index.js';
import type { Pool } from '../../runtime/pool/pool.js';
import type { Suspects } from '../../runtime/suspects/suspects.js';
import type { BuiltTask } from './built-task.js';
import { requestOf, type Asked } from './run-request.js';
import type { ThreadWitness } from './thread-witness.js';

export interface StartedRuntime {
  readonly runtime: Runtime;
  readonly cacheDir: string;
  /** What the runtime said about itself, in order. */
  readonly observed: readonly RuntimeObservation[];
  /** Installs a task. @returns what runs it. */
  readonly install: (task: BuiltTask) => Promise<Run>;
}

export type Run = (asked?: Asked, signal?: AbortSignal) => Promise<RunResult>;

export interface StartOptions {
  readonly threads: number;
  readonly witness?: ThreadWitness;
}

/** Starts a runtime with a cache of its own; it is closed when the test ends. */
export async function startRuntime(t: Test, { threads, witness }: StartOptions): Promise<StartedRuntime> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-cache-'));
  const observed: RuntimeObservation[] = [];
  const runtime = await createRuntime({
    threads,
    cacheDir,
    observe: (observation) => observed.push(observation),
    ...(witness === undefined ? {} : { state: witness.state }),
  });
  t.teardown(async () => {
    await runtime.close();
    await rm(cacheDir, { recursive: true });
    witness?.close();
  });
  return {
    runtime,
    cacheDir,
    observed,
    install: async (task) => {
      const installed = await runtime.install(task.component, task.manifest.limits);
      return (asked, signal) => runtime.run(requestOf(task, installed, asked), signal);
    },
  };
}

interface Thread {
  readonly threadId: number;
  terminate(): Promise<number>;
}

/** The runtime's threads. The interface hides them on purpose: only a test that kills one needs them. */
export function threadsOf(runtime: Runtime): readonly Thread[] {
  return (runtime as unknown as { readonly pool: Pool }).pool.workers;
}

/** The process in which the runtime runs suspected tasks, while there is one. */
export function suspectsOf(runtime: Runtime): number | undefined {
  return (runtime as unknown as { readonly suspects: Suspects }).suspects.pid;
}

/** What a run published last, as text. */
export function said(result: RunResult): string | undefined {
  const effect = result.effects.findLast(({ kind }) => kind === 'publish');
  return effect?.kind === 'publish' ? Buffer.from(effect.payload).toString() : undefined;
}
