/** The hub's end of a provisioning process: one component at a time, within bounds that it cannot get around. */
import { fork, type ChildProcess } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from '../errors.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { ProvisionAnswer, ProvisionJob } from './messages.js';
import { processUsage } from './process-usage.js';

export interface ProvisionBounds {
  /** Processor time, over all its threads. */
  readonly cpuMs: number;
  /** Time that passes, which on a busy machine is much more. */
  readonly wallMs: number;
  readonly residentBytes: number;
}

/** How often its use is looked at: it can allocate some 100 MB in between. */
const LOOK_MS = 50;

const MiB = 1024 * 1024;

export class ProvisionProcess {
  readonly #child: ChildProcess;
  /** What is under way. */
  #job: { readonly resolve: (answer: ProvisionAnswer) => void; readonly reject: (error: Error) => void } | undefined;
  /** How it ended: a signal or a code. */
  #ended: string | undefined;
  /** Components it was given. */
  #jobs = 0;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('./process-main.js', import.meta.url)), {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (answer) => this.#job?.resolve(answer as ProvisionAnswer));
    this.#child.on('error', (error) => this.#end(error.message));
    this.#child.on('exit', (code, signal) => this.#end(signal ?? `code ${code}`));
    this.#yieldToEvents();
    this.#awake(false);
  }

  get alive(): boolean {
    return this.#ended === undefined;
  }

  /** Whether the next component can have it: what earlier ones left behind counts towards its bounds. */
  get fresh(): boolean {
    if (this.#jobs >= RUNTIME_BOUNDS.provisionsPerProcess) return false;
    return (this.#usage?.residentBytes ?? 0) < RUNTIME_BOUNDS.provisionBaseBytes / 2;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * @param what How errors call the component.
   * @throws RuntimeError 'provision-bound' naming the bound; then the process is gone.
   */
  async prepare(job: ProvisionJob, what: string, bounds: ProvisionBounds): Promise<ProvisionAnswer> {
    const startedAtMs = performance.now();
    // What it used for those before does not count.
    const before = this.#usage?.cpuMs ?? 0;
    const look = setInterval(() => {
      const overstepped = this.#overstepped(bounds, before, performance.now() - startedAtMs);
      if (overstepped === undefined) return;
      this.#job?.reject(new RuntimeError('provision-bound', `Preparing ${what} ${overstepped}`));
      this.kill();
    }, LOOK_MS);
    this.#awake(true);
    try {
      return await new Promise((resolve, reject) => {
        this.#job = { resolve, reject };
        if (this.#ended === undefined) this.#child.send(job);
        else reject(new Died(this.#ended));
      });
    } catch (error) {
      if (error instanceof Died) {
        const message = `The process that prepared ${what} died of ${error.message}: it needs more than this machine gives`;
        throw new RuntimeError('provision-bound', message, { cause: error });
      }
      throw error;
    } finally {
      clearInterval(look);
      this.#job = undefined;
      this.#jobs++;
      this.#awake(false);
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends it in the middle of whatever it does. */
  abandon(): void {
    this.#job?.reject(new RuntimeError('closed', 'The runtime is closed'));
    this.kill();
  }

  get #usage(): ReturnType<typeof processUsage> {
    const { pid } = this.#child;
    return pid === undefined ? undefined : processUsage(pid);
  }

  #overstepped(bounds: ProvisionBounds, cpuMsBefore: number, wallMs: number): string | undefined {
    if (wallMs > bounds.wallMs) return `took longer than ${bounds.wallMs / 1000} s`;
    const usage = this.#usage;
    if (usage === undefined) return undefined;
    if (usage.cpuMs - cpuMsBefore > bounds.cpuMs) return `took more than ${bounds.cpuMs / 1000} s of processor time`;
    if (usage.residentBytes > bounds.residentBytes) {
      return `needs more than ${Math.floor(bounds.residentBytes / MiB)} MiB of memory`;
    }
    return undefined;
  }

  #end(how: string): void {
    this.#ended ??= how;
    this.#job?.reject(new Died(how));
  }

  /** What events need comes first. */
  #yieldToEvents(): void {
    try {
      if (this.pid !== undefined) setPriority(this.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It has ended already, which is noticed by itself.
    }
  }

  /** Whether the runtime's process stays for it. */
  #awake(awake: boolean): void {
    const change = awake ? 'ref' : 'unref';
    this.#child[change]();
    this.#child.channel?.[change]();
  }
}

/** It ended by itself, in the middle of something. */
class Died extends Error {
  override readonly name = 'Died';
}
