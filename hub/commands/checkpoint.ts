import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CheckpointFault,
  createRuntime,
  describeCheckpoint,
  openCheckpoint,
  packCheckpoint,
  RuntimeError,
} from '../../runtime/index.js';
import { goOn, pointsOf } from '../checkpoints/index.js';
import { bytesText, durationText, fuelText, printable } from '../report/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { shownEffect } from './shown-effect.js';

/** `sterna checkpoint save RUN FILE`: writes a point of a run that goes on to a file, for its owner only. */
export function checkpointSaveCommand(
  runId: string,
  file: string,
  { options, out }: { readonly options: AskOptions; readonly out: Output },
): Promise<number> {
  return asking(options, async (client) => {
    const checkpoint = await client.bytes(`/v1/current-runs/${encodeURIComponent(runId)}/checkpoint`);
    const packed = packCheckpoint(checkpoint);
    // It has the event and what the run read: nobody else's business.
    await writeFile(file, packed, { mode: 0o600, flag: 'wx', flush: true });
    const { digest, fuel } = describeCheckpoint(packed);
    if (options.json) printJson(out, { runId, file, bytes: packed.length, digest, fuel });
    else out.write(`${file}: ${bytesText(packed.length)}, after ${fuelText(fuel)} fuel\n`);
    return 0;
  });
}

interface ReadOptions {
  /** Bytes that it may have when it is unpacked, whatever it says that its run may use. */
  readonly most: number;
}

export interface CheckpointShowOptions extends ReadOptions {
  readonly json: boolean;
}

/** `sterna checkpoint show FILE`: what is inside. */
export async function checkpointShowCommand(
  file: string,
  options: CheckpointShowOptions,
  out: Output,
): Promise<number> {
  const { json, most } = options;
  return readable(file, most, async (checkpoint, { length: bytes }) => {
    const description = { ...describeCheckpoint(checkpoint), bytes };
    out.write(json ? `${JSON.stringify(description)}\n` : `${JSON.stringify(description, undefined, 2)}\n`);
    return 0;
  });
}

export interface CheckpointRunOptions extends ReadOptions {
  /** The file of the component that it is of. */
  readonly component: string;
  readonly json: boolean;
}

/** `sterna checkpoint run FILE`: goes on with a run, here and without a hub. Its effects are printed, and happen nowhere. */
export async function checkpointRunCommand(file: string, options: CheckpointRunOptions, out: Output): Promise<number> {
  return readable(file, options.most, async (checkpoint) => {
    const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-checkpoint-'));
    try {
      const component = await readFile(options.component);
      const points = pointsOf(checkpoint);
      const result = await goOn(checkpoint, { component, points, cacheDir, startRuntime: createRuntime });
      const { outcome, effects, usage, log } = result;
      if (options.json) {
        printJson(out, { outcome, effects: effects.map(shownEffect), fuel: usage.fuel, log });
        return outcome.kind === 'completed' ? 0 : 1;
      }
      out.write(`${outcome.kind}${'message' in outcome ? `: ${printable(outcome.message, 400)}` : ''}\n`);
      for (const effect of effects) out.write(`${JSON.stringify(shownEffect(effect))}\n`);
      out.write(`fuel ${usage.fuel}, ${durationText(usage.wallMs)}, ${bytesText(usage.peakMemoryBytes)}\n`);
      return outcome.kind === 'completed' ? 0 : 1;
    } finally {
      await rm(cacheDir, { recursive: true, force: true });
    }
  });
}

/** Unpacks a file, whoever wrote it, and says on stderr what is wrong with it. */
async function readable(
  file: string,
  most: number,
  use: (checkpoint: Uint8Array, packed: Uint8Array) => Promise<number>,
): Promise<number> {
  try {
    const packed = await readFile(file);
    return await use(await openCheckpoint(packed, most), packed);
  } catch (error) {
    const expected = error instanceof CheckpointFault || error instanceof RuntimeError || isNodeError(error);
    if (!expected) throw error;
    process.stderr.write(`sterna: ${file}: ${error.message}\n`);
    return 1;
  }
}

function isNodeError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error;
}
