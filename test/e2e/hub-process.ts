/** The real `sterna hub`, as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { until, within } from '../runtime/eventually.js';

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));

/** Starting threads, preparing components that were never seen, connecting. */
const START_MS = 60_000;

export class HubProcess {
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';

  private constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, 'hub', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** Resolves when it is ready for events. It is ended, in whatever state, when the test ends. */
  static async start(t: Test, args: readonly string[]): Promise<HubProcess> {
    const hub = HubProcess.launch(t, args);
    try {
      await hub.says(/^ready: |"kind":"started"/m, START_MS);
    } catch (error) {
      throw new Error(`the hub did not start:\n${hub.stdout}\n${hub.stderr}`, { cause: error });
    }
    return hub;
  }

  /** Begins to start it, and does not wait. */
  static launch(t: Test, args: readonly string[]): HubProcess {
    const hub = new HubProcess(args);
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

  /** Sends SIGKILL. Resolves when it is gone. */
  async killed(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}
