/**
 * The processes that prepare components. What they are given may be built to
 * make a pass slow: each is bounded in time and memory, and thrown away when a
 * component was refused, when it has prepared some, and when nobody needs it.
 */
import { RuntimeError } from '../errors.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { ProvisionAnswer, ProvisionJob } from './messages.js';
import { ProvisionProcess, type ProvisionBounds } from './provision-process.js';

export class ProvisionProcesses {
  readonly #working = new Set<ProvisionProcess>();
  readonly #idle: ProvisionProcess[] = [];
  /** Who waits for a place, in order. */
  readonly #waiting: (() => void)[] = [];
  #placesTaken = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Prepares one component, when its turn has come. @throws RuntimeError */
  async prepare(job: ProvisionJob, what: string, bounds: ProvisionBounds): Promise<ProvisionAnswer> {
    await this.#place();
    try {
      if (this.#closed) throw new RuntimeError('closed', 'The runtime is closed');
      return await this.#prepare(job, what, bounds);
    } finally {
      this.#placesTaken--;
      this.#waiting.shift()?.();
    }
  }

  /** Processes there are, for tests. */
  get pids(): readonly number[] {
    return [...this.#working, ...this.#idle].flatMap(({ pid }) => pid ?? []);
  }

  /** Ends them all, whatever they do. */
  close(): void {
    this.#closed = true;
    for (const process of this.#working) process.abandon();
    this.#endIdle();
  }

  async #place(): Promise<void> {
    if (this.#placesTaken >= RUNTIME_BOUNDS.provisionProcesses) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#placesTaken++;
  }

  async #prepare(job: ProvisionJob, what: string, bounds: ProvisionBounds): Promise<ProvisionAnswer> {
    const process = this.#next();
    this.#working.add(process);
    let again = false;
    try {
      const answer = await process.prepare(job, what, bounds);
      again = answer.type === 'prepared' && process.fresh;
      return answer;
    } finally {
      this.#working.delete(process);
      if (again && !this.#closed) this.#keep(process);
      else process.kill();
    }
  }

  #next(): ProvisionProcess {
    for (let process = this.#idle.pop(); process !== undefined; process = this.#idle.pop()) {
      if (process.alive) return process;
    }
    return new ProvisionProcess();
  }

  #keep(process: ProvisionProcess): void {
    this.#idle.push(process);
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#endIdle(), RUNTIME_BOUNDS.provisionIdleMs).unref();
  }

  #endIdle(): void {
    clearTimeout(this.#idleTimer);
    for (const process of this.#idle.splice(0)) process.kill();
  }
}
