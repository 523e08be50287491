/** A runtime in a process of its own, so that memory and event-loop delay are those of the runtime and not of the test. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { DEFAULT_LIMITS, type InstalledTask, type Limits, type RunRequest } from '../../../runtime/index.js';
import { within } from '../eventually.js';
import type { Ended, FromHost, Measured, ToHost } from './attacked-host.js';

export const MiB = 1024 * 1024;

/** Far above what any answer takes, even on a machine that is busy with other tests. */
const ANSWER_MS = 50_000;

export type Refused = { readonly code: unknown; readonly message: string };

export class Attacked {
  readonly #host: ChildProcess;
  /** Who waits for the next answer. */
  #waiting: { readonly resolve: (answer: FromHost) => void; readonly reject: (error: Error) => void } | undefined;

  private constructor(host: ChildProcess) {
    this.#host = host;
    host.on('message', (answer) => this.#waiting?.resolve(answer as FromHost));
    host.on('exit', (code, signal) =>
      this.#waiting?.reject(new Error(`the runtime's process ended with ${signal ?? code}`)),
    );
  }

  static async start(t: Test): Promise<Attacked> {
    const cacheDir = mkdtempSync(join(tmpdir(), 'sterna-attacked-'));
    const program = fileURLToPath(new URL('./attacked-host.js', import.meta.url));
    const host = fork(program, [cacheDir], { serialization: 'advanced' });
    t.teardown(() => {
      host.kill('SIGKILL');
      rmSync(cacheDir, { recursive: true, force: true });
    });
    const attacked = new Attacked(host);
    await attacked.#answer();
    return attacked;
  }

  async install(component: Uint8Array, limits: Limits = DEFAULT_LIMITS): Promise<InstalledTask | Refused> {
    const answer = await this.#ask({ type: 'install', component, limits });
    if (answer.type === 'installed') return answer.task;
    if (answer.type === 'refused') return answer;
    throw new Error(`the runtime answered with ${answer.type}`);
  }

  /** Installs it while another task runs over and over. @returns what each of its runs took, in milliseconds. */
  async installMeanwhile(component: Uint8Array, limits: Limits, meanwhile: RunRequest): Promise<readonly number[]> {
    const answer = await this.#ask({ type: 'install-meanwhile', component, limits, meanwhile });
    if (answer.type !== 'installed-meanwhile') throw new Error(`the runtime answered with ${answer.type}`);
    return answer.runMs;
  }

  /** Runs them all at once. */
  async run(...requests: readonly RunRequest[]): Promise<readonly Ended[]> {
    const answer = await this.#ask({ type: 'run', requests });
    if (answer.type !== 'ended') throw new Error(`the runtime answered with ${answer.type}`);
    return answer.results;
  }

  /** What it used since this was called last. */
  async measure(): Promise<Measured> {
    const answer = await this.#ask({ type: 'measure' });
    if (answer.type !== 'measured') throw new Error(`the runtime answered with ${answer.type}`);
    return answer.measured;
  }

  close(): void {
    this.#host.kill('SIGKILL');
  }

  async #ask(message: ToHost): Promise<FromHost> {
    const answer = this.#answer();
    this.#host.send(message);
    return answer;
  }

  async #answer(): Promise<FromHost> {
    const answer = new Promise<FromHost>((resolve, reject) => (this.#waiting = { resolve, reject }));
    return within('an answer of the runtime', ANSWER_MS, answer);
  }
}

/** One run of an installed task, without grants but for publishing and one bucket. */
export function attack(task: InstalledTask, limits: Partial<Limits> = {}): RunRequest {
  return {
    runId: 'run',
    task: task.key,
    event: { id: 'event', topic: 'a', payload: new Uint8Array(1), qos: 1, retain: false, arrivedAtMs: 0, captures: {} },
    attempt: 1,
    limits: { ...DEFAULT_LIMITS, ...limits },
    grants: { publish: ['#'], buckets: { default: { id: 'default', access: 'read-write' } } },
    config: {},
    clockMs: 0,
    seed: 1,
    subjects: 'verbatim',
  };
}

export function isInstalled(answer: InstalledTask | Refused): answer is InstalledTask {
  return 'key' in answer;
}
