/** The real `sterna hub`, as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { until, within } from '../runtime/eventually.js';

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));

/** Starting threads, preparing components that were never seen, connecting. */
const START_MS = 120_000;

export class HubProcess {
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';

  private constructor(args: readonly string[], nodeArgs: readonly string[]) {
    this.#child = spawn(process.execPath, [...nodeArgs, MAIN, 'hub', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** Resolves when it is ready for events. It is ended, in whatever state, when the test ends. */
  static async start(t: Test, args: readonly string[], nodeArgs: readonly string[] = []): Promise<HubProcess> {
    const hub = HubProcess.launch(t, args, nodeArgs);
    try {
      await hub.says(/^ready: |"kind":"started"/m, START_MS);
    } catch (error) {
      throw new Error(`the hub did not start:\n${hub.stdout}\n${hub.stderr}`, { cause: error });
    }
    return hub;
  }

  /** Begins to start it, and does not wait. @param nodeArgs Options of Node itself. */
  static launch(t: Test, args: readonly string[], nodeArgs: readonly string[] = []): HubProcess {
    const hub = new HubProcess(args, nodeArgs);
    t.teardown(() => hub.#child.kill('SIGKILL'));
    return hub;
  }

  /** Where devices find its broker: with `--report json`. */
  get brokerUrl(): string {
    const url = /"kind":"started","broker":"([^"]+)"/.exec(this.stdout)?.[1];
    if (url === undefined) throw new Error('the hub did not say where its broker is');
    return url;
  }

  async says(what: RegExp, ms: number): Promise<void> {
    await until(`the hub says ${what}`, ms, () => what.test(this.stdout) || this.#child.exitCode !== null);
    if (!what.test(this.stdout))
      throw new Error(`the hub ended without saying ${what}:\n${this.stdout}\n${this.stderr}`);
  }

  /** Sends SIGTERM. Resolves with the exit code once everything it said has been read. */
  async terminated(ms: number): Promise<number | null> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await within('the hub’s end', ms, closed);
    return this.#child.exitCode;
  }

  /** Resolves with the exit code when it has ended by itself. */
  async ended(ms: number): Promise<number | null> {
    if (this.running) await within('the hub’s end', ms, once(this.#child, 'close'));
    return this.#child.exitCode;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends SIGKILL. Resolves when it is gone. */
  async killed(): Promise<void> {
    if (!this.running) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  /** The most resident memory that it has had. Linux only. */
  get peakBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid ?? 0}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}
