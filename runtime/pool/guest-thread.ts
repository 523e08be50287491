/**
 * One thread that runs guests. The only importer of piscina, which starts the
 * thread, starts another when it dies, and says whose job was lost with it.
 *
 * A pool of one thread for each, and not one of all: the pool decides itself
 * which thread gets what, and a thread that cannot be ended can be left behind.
 */
import { once } from 'node:events';
import { Piscina } from 'piscina';
import { RuntimeError } from '../errors.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import { controlBlock, newControl } from '../worker/control.js';
import type { Answer, Sent, ThreadJob, ThreadOptions } from '../worker/wire.js';

/** A batch keeps its block until all it sent is here: its thread may have the next one by then. */
const BLOCKS = 4;

export class GuestThread {
  readonly #piscina: Piscina<ThreadJob, Answer>;
  readonly #control = newControl(BLOCKS);
  readonly #freeBlocks = Array.from({ length: BLOCKS }, (_, i) => i);
  /** It has a job that has not been answered. */
  busy = false;

  /** @param sent Called with what it sends in the middle of a batch. */
  constructor(options: Omit<ThreadOptions, 'control'>, sent: (message: Sent) => void) {
    this.#piscina = new Piscina({
      filename: new URL('../worker/main.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      // Threads that wait on a futex cost the main thread a fifth of its time in wake-ups; messages alone do not.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: { stackSizeMb: RUNTIME_BOUNDS.stackMegabytes },
      workerData: { ...options, control: this.#control } satisfies ThreadOptions,
    });
    this.#piscina.on('message', sent);
    // One that dies between jobs is replaced; nothing is lost with it.
    this.#piscina.on('error', () => undefined);
  }

  /** The thread itself, for tests that kill it. */
  get worker(): { readonly threadId: number; terminate(): Promise<number> } | undefined {
    return this.#piscina.threads[0];
  }

  /** Resolves when it can be worked with. @throws RuntimeError when what it runs does not load. */
  async ready(): Promise<void> {
    const failed = once(this.#piscina, 'error').then(([cause]: unknown[]) => {
      throw new RuntimeError('internal', `A thread does not start: ${String(cause)}`, { cause });
    });
    await Promise.race([this.#piscina.run({ type: 'ping' }), failed]);
  }

  /** A control block that no batch uses, or undefined while messages of earlier ones are on the way. */
  takeBlock(): { readonly block: number; readonly control: Int32Array } | undefined {
    const block = this.#freeBlocks.pop();
    return block === undefined ? undefined : { block, control: controlBlock(this.#control, block) };
  }

  giveBlockBack(block: number): void {
    this.#freeBlocks.push(block);
  }

  /** Gives it a job. Rejects when it dies with it. */
  async run(job: ThreadJob): Promise<Answer> {
    this.busy = true;
    try {
      return await this.#piscina.run(job);
    } finally {
      this.busy = false;
    }
  }

  /** Lets go of what it keeps of a task, after the job that it has. One that dies has let go of everything. */
  forget(task: string): void {
    this.#piscina.run({ type: 'forget', task }).catch(() => undefined);
  }

  /** Ends what runs now; it starts anew. Resolves with false when it does not end within `terminateMs`. */
  async kill(): Promise<boolean> {
    const ended = this.worker?.terminate().then(() => true) ?? true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), RUNTIME_BOUNDS.terminateMs);
    });
    try {
      return await Promise.race([ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}
