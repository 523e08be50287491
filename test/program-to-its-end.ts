/** A program that a person starts and looks at. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../hub/main.js', import.meta.url));
/** None that a test waits for goes on for so long. */
const COMMAND_MS = 60_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Ctrl-C is pressed once it has said that. */
  readonly interruptAt?: string | undefined;
  readonly deadlineMs: number;
}

/** Runs one to its end. */
export async function toItsEnd(script: string, options: ProgramOptions): Promise<Ended> {
  const { args = [], env = process.env, interruptAt, deadlineMs } = options;
  const command = [script, ...args];
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: deadlineMs });
  let stdout = '';
  let stderr = '';
  let pressed = interruptAt === undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (pressed || !stdout.includes(interruptAt ?? '')) return;
    pressed = true;
    child.kill('SIGINT');
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** Runs a command of `sterna` to its end. */
export function sternaToItsEnd(...args: readonly string[]): Promise<Ended> {
  return toItsEnd(MAIN, { args, deadlineMs: COMMAND_MS });
}
