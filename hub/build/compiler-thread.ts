import { relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { BuildResult } from './build-task.js';
import type { BuildOrder, BuildReply } from './thread-messages.js';

/**
 * Builds tasks in a thread, one at a time, each within a bound: a compiler that
 * does not come to an end, or takes its process down, fails one task only. The
 * thread starts with the first task, and is replaced when it was lost.
 */
export class CompilerThread {
  readonly #timeoutMs: number;
  #worker: Worker | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Never rejects: whatever goes wrong is a result that names the folder. */
  async build(dir: string): Promise<BuildResult> {
    const worker = (this.#worker ??= new Worker(new URL('./thread.js', import.meta.url)));
    const reply = await this.#replyOf(worker, { type: 'build', dir });
    if (reply.type === 'built') return reply.result;
    return { ok: false, dir, message: `${relative(process.cwd(), dir) || '.'}: ${reply.message}` };
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  async #replyOf(worker: Worker, order: BuildOrder): Promise<BuildReply> {
    let timer: NodeJS.Timeout | undefined;
    const reply = await new Promise<BuildReply>((resolve) => {
      const lost = (message: string): void => {
        resolve({ type: 'fault', message });
        void this.close();
      };
      worker.once('message', resolve);
      worker.once('error', (error: unknown) => lost(`the compiler failed: ${String(error)}`));
      worker.once('exit', () => lost('the compiler crashed; what it said is above'));
      timer = setTimeout(() => {
        lost(
          `compiling took more than ${this.#timeoutMs / 1000} s and was stopped. Its optimizer may be stuck: ` +
            'put an asconfig.json with { "options": { "optimizeLevel": 1 } } beside index.ts, or make functions smaller',
        );
      }, this.#timeoutMs);
      worker.postMessage(order);
    });
    clearTimeout(timer);
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
    return reply;
  }
}
