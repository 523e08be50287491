import { availableParallelism, totalmem } from 'node:os';
import type { BuildResult } from './build-task.js';
import { CompilerThread } from './compiler-thread.js';
import { BUILD_TIMEOUT_MS, BYTES_PER_COMPILER } from './limits.js';

export interface BuildTasksOptions {
  /** Compilers at work at once; by default as many as there are cores, and memory for. */
  readonly threads?: number;
  /** What a task takes at most, in milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Builds folders, several at a time, and yields how each went in the order
 * given. What is wrong with one does not stop the others, and none takes longer
 * than `timeoutMs`.
 */
export async function* buildTasks(
  dirs: readonly string[],
  { threads = affordableThreads(), timeoutMs = BUILD_TIMEOUT_MS }: BuildTasksOptions = {},
): AsyncGenerator<BuildResult> {
  const compilers = Array.from({ length: Math.min(threads, dirs.length) }, () => new CompilerThread(timeoutMs));
  const settle: ((result: BuildResult) => void)[] = [];
  const results = dirs.map(() => new Promise<BuildResult>((resolve) => settle.push(resolve)));
  // One iterator for all: each compiler takes the next folder that none has taken.
  const next = dirs.entries();
  let abandoned = false;
  for (const compiler of compilers) {
    void (async () => {
      for (const [at, dir] of next) {
        if (abandoned) return;
        settle[at]?.(await compiler.build(dir));
      }
    })();
  }
  try {
    for (const result of results) yield await result;
  } finally {
    abandoned = true;
    await Promise.all(compilers.map((compiler) => compiler.close()));
  }
}

function affordableThreads(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / BYTES_PER_COMPILER)));
}
