/** A real runtime with one task in it, for as long as a test runs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { createRuntime, type Runtime, type RunResult } from '../../runtime/index.js';
import type { Pool } from '../../runtime/pool.js';
import type { BuiltTask } from './built-task.js';
import { requestOf, type Asked } from './run-request.js';
import type { ThreadWitness } from './thread-witness.js';

export interface StartedRuntime {
  readonly runtime: Runtime;
  readonly cacheDir: string;
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
  const runtime = await createRuntime({
    threads,
    cacheDir,
    ...(witness === undefined ? {} : { state: witness.state }),
  });
  t.teardown(async () => {
    await runtime.close();
    await rm(cacheDir, { recursive: true });
  });
  return {
    runtime,
    cacheDir,
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
  return (runtime as unknown as { readonly pool: Pool }).pool.workers as readonly Thread[];
}

/** What a run published last, as text. */
export function said(result: RunResult): string | undefined {
  const effect = result.effects.findLast(({ kind }) => kind === 'publish');
  return effect?.kind === 'publish' ? Buffer.from(effect.payload).toString() : undefined;
}
