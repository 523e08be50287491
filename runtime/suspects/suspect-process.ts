/** The hub's end of the process that runs suspected tasks, one run at a time. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { RunRequest, RunResult } from '../task.js';
import { packRuns, unpackResults } from '../worker/wire-codec.js';
import type { ThreadOptions } from '../worker/wire.js';
import type { FromProcess, ToProcess } from './messages.js';

/** Why it cannot be worked with any more. */
export class ProcessLost extends Error {
  override readonly name = 'ProcessLost';
}

export class SuspectProcess {
  readonly #child: ChildProcess;
  /** Who waits for its next message. */
  #waiting:
    | { readonly resolve: (message: FromProcess) => void; readonly reject: (error: ProcessLost) => void }
    | undefined;
  #lost: ProcessLost | undefined;

  private constructor() {
    this.#child = fork(fileURLToPath(new URL('./process-main.js', import.meta.url)), {
      // Values cross as they do between threads.
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => this.#waiting?.resolve(message as FromProcess));
    this.#child.on('error', (error) => this.#lose(error.message));
    this.#child.on('exit', (code, signal) => this.#lose(`it ended with ${signal ?? `code ${code}`}`));
    this.#awake(false);
  }

  /** Starts one. @throws ProcessLost when what it runs does not load, or not within `startMs`. */
  static async start(options: Omit<ThreadOptions, 'control'>): Promise<SuspectProcess> {
    const started = new SuspectProcess();
    await started.#ask({ type: 'begin', options }, RUNTIME_BOUNDS.startMs);
    return started;
  }

  get alive(): boolean {
    return this.#lost === undefined;
  }

  /** For tests, and for whoever looks at a process list. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Runs one, at most until `watchdogMs` after its deadline or `suspectCancelMs`
   * after it was cancelled: then the process is killed.
   * @throws ProcessLost
   */
  async run(request: RunRequest, signal: AbortSignal | undefined): Promise<RunResult> {
    let late: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      this.#child.send({ type: 'cancel' } satisfies ToProcess);
      late = setTimeout(() => this.kill('it was cancelled and did not end'), RUNTIME_BOUNDS.suspectCancelMs);
    };
    signal?.addEventListener('abort', cancel);
    try {
      const most = request.limits.deadlineMs + RUNTIME_BOUNDS.watchdogMs;
      const answer = await this.#ask({ type: 'run', run: packRuns([request]) }, most);
      const [finished] = answer.type === 'ended' ? unpackResults(answer.result) : [];
      if (finished === undefined) throw new ProcessLost('it answered something else');
      return { runId: request.runId, ...finished[1] };
    } finally {
      clearTimeout(late);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Nothing that runs in it can prevent this. */
  kill(cause: string): void {
    this.#lose(cause);
    this.#child.kill('SIGKILL');
  }

  async #ask(message: ToProcess, mostMs: number): Promise<FromProcess> {
    if (this.#lost !== undefined) throw this.#lost;
    const timer = setTimeout(() => this.kill(`it did not answer within ${mostMs} ms`), mostMs);
    this.#awake(true);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
        // What cannot be cloned is thrown.
        this.#child.send(message);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
      this.#awake(false);
    }
  }

  #lose(cause: string): void {
    this.#lost ??= new ProcessLost(cause);
    this.#waiting?.reject(this.#lost);
  }

  /** Whether the runtime's process stays for it. */
  #awake(awake: boolean): void {
    const change = awake ? 'ref' : 'unref';
    this.#child[change]();
    this.#child.channel?.[change]();
  }
}
