/**
 * Tasks that have cost a thread, and where their runs execute: in a process
 * that can be killed, one run at a time. It is started when it is first
 * needed, and anew when it was killed.
 */
import { RUNTIME_BOUNDS } from '../limits.js';
import type { RuntimeObserver } from '../observation.js';
import type { Quarantine } from '../pool/pool.js';
import { withoutTrace } from '../pool/ticket.js';
import type { Outcome, RunRequest, RunResult } from '../task.js';
import type { ThreadOptions } from '../worker/wire.js';
import { SuspectProcess } from './suspect-process.js';

interface Waiting {
  readonly request: RunRequest;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: RunResult) => void;
}

export class Suspects implements Quarantine {
  readonly #options: Omit<ThreadOptions, 'control'>;
  readonly #observe: RuntimeObserver;
  readonly #tasks = new Set<string>();
  readonly #queue: Waiting[] = [];
  #process: SuspectProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** Runs the queue down; undefined when it is empty. */
  #working: Promise<void> | undefined;

  constructor(options: Omit<ThreadOptions, 'control'>, observe: RuntimeObserver) {
    this.#options = options;
    this.#observe = observe;
  }

  holds(task: string): boolean {
    return this.#tasks.has(task);
  }

  add(task: string): void {
    this.#tasks.add(task);
  }

  /** What is installed under this key from now on has done nothing yet. */
  release(task: string): void {
    this.#tasks.delete(task);
  }

  /** The process, while there is one. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves whatever happens. */
  run(request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult> {
    if (this.#queue.length >= RUNTIME_BOUNDS.suspectRuns) {
      const message = `${RUNTIME_BOUNDS.suspectRuns} runs of suspected tasks wait already`;
      return Promise.resolve(withoutTrace(request, lost(message)));
    }
    return new Promise((resolve) => {
      this.#queue.push({ request, signal, resolve });
      this.#working ??= this.#work();
    });
  }

  /** Finishes what it holds, then ends the process. */
  async close(): Promise<void> {
    await this.#working;
    this.#endProcess();
  }

  async #work(): Promise<void> {
    clearTimeout(this.#idle);
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      next.resolve(await this.#execute(next));
    }
    this.#working = undefined;
    this.#idle = setTimeout(() => this.#endProcess(), RUNTIME_BOUNDS.suspectIdleMs).unref();
  }

  async #execute({ request, signal }: Waiting): Promise<RunResult> {
    const cancelled = (): boolean => signal?.aborted === true;
    if (cancelled()) return withoutTrace(request, { kind: 'cancelled' });
    try {
      this.#process ??= await SuspectProcess.start(this.#options);
      const result = await this.#process.run(request, signal);
      if (isLost(result.outcome)) this.#processLost(request.task, result.outcome.message);
      return result;
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.#processLost(request.task, cause);
      if (cancelled()) return withoutTrace(request, { kind: 'cancelled' });
      return withoutTrace(request, lost(`the process that held the run died: ${cause}`));
    }
  }

  #processLost(task: string, cause: string): void {
    this.#endProcess();
    this.#observe({ kind: 'suspect-process-lost', task, cause });
  }

  #endProcess(): void {
    clearTimeout(this.#idle);
    this.#process?.kill('it is not needed any more');
    this.#process = undefined;
  }
}

function lost(message: string): Outcome & { readonly kind: 'trapped' } {
  return { kind: 'trapped', reason: 'thread-lost', message };
}

/** A thread of that process died, or was ended by its own watchdog: it is not used again. */
function isLost(outcome: Outcome): outcome is Outcome & { readonly kind: 'trapped' } {
  return outcome.kind === 'trapped' && outcome.reason === 'thread-lost';
}
