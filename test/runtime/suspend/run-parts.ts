/** A run whose parts execute in processes of their own, each on the machine that is asked for. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RunRequest, RunResult } from '../../../runtime/index.js';
import type { Prepared } from './stepping.js';

const run = promisify(execFile);
const PROCESS = fileURLToPath(new URL('./resume-process.js', import.meta.url));
const SLICE = 300;

/** How a machine's Node is started. */
export interface Machine {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export const HERE: Machine = { command: process.execPath, args: [] };

export interface Part {
  readonly on: Machine;
  /** The file that the run goes on from, if it is there, and is left in. */
  readonly checkpoint: string;
  /** How far it executes. */
  readonly slices: number;
}

/** Does one part of a run after another. */
export function partsOf(
  { cacheDir, key }: Pick<Prepared, 'cacheDir' | 'key'>,
  request: RunRequest,
): (part: Part) => Promise<RunResult | 'left'> {
  const payload = Buffer.from(request.event.payload).toString('base64');
  const text = JSON.stringify({ ...request, event: { ...request.event, payload } });
  return async ({ on, checkpoint, slices }) => {
    const args = [...on.args, PROCESS, cacheDir, key, text, checkpoint, `${SLICE}`, `${slices}`];
    const { stdout } = await run(on.command, args, { env: { ...process.env, ...on.env } });
    return JSON.parse(stdout) as RunResult | 'left';
  };
}

/** What a result has that no machine may change. */
export function everywhere({ outcome, effects, reads, log, usage }: RunResult): object {
  return { outcome, effects, reads, log, fuel: usage.fuel, peakMemoryBytes: usage.peakMemoryBytes };
}
