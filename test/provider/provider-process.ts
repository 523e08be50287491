/** The real `sterna provider`, as a process of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { until } from '../runtime/eventually.js';

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));
const execute = promisify(execFile);

/** Runs `sterna` to its end. @returns what it printed. @throws Error when it ends with another code than 0. */
export async function sterna(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, [MAIN, ...args], { timeout: 150_000 });
  return stdout;
}

export class ProviderProcess {
  readonly #child: ChildProcess;
  readonly port: number;
  readonly dataDir: string;
  output = '';

  private constructor(port: number, dataDir: string, args: readonly string[]) {
    this.port = port;
    this.dataDir = dataDir;
    const command = [MAIN, 'provider', '--data', dataDir, '--listen', `127.0.0.1:${port}`, '--threads', '2', ...args];
    this.#child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  /** Resolves when it listens, with what `init` made before. It is ended when the test ends. */
  static async start(t: Test, port: number, dataDir: string, args: readonly string[] = []): Promise<ProviderProcess> {
    const provider = new ProviderProcess(port, dataDir, args);
    // What it writes until then would be in the way of who removes its folder.
    t.teardown(() => provider.killed());
    await provider.says(/listening on/, 30_000);
    return provider;
  }

  async says(what: RegExp, ms: number): Promise<void> {
    await until(`the provider says ${what}`, ms, () => what.test(this.output) || this.#child.exitCode !== null);
    if (!what.test(this.output)) throw new Error(`the provider ended without saying ${what}:\n${this.output}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async killed(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    await closed;
    return this.#child.exitCode;
  }
}
