/** A run that has not begun, as a checkpoint: it begins wherever that is resumed. */
import type { RunRequest } from '../task.js';
import type { Checkpoint } from './checkpoint.js';
import { encodeCheckpoint } from './codec.js';

/** @param of Its task, as it was installed: a resumable one. */
export function beginningOf(asked: RunRequest, of: Pick<Checkpoint, 'component' | 'instrumentation'>): Uint8Array {
  const { task: _, ...request } = asked;
  return encodeCheckpoint({
    ...of,
    request,
    progress: 0,
    used: { fuel: 0, wallMs: 0, hostMs: 0, peakMemoryBytes: 0 },
    collected: {
      effects: [],
      reads: [],
      log: [],
      droppedLogLines: 0,
      outputBytes: 0,
      logBytes: 0,
      verdict: undefined,
      memoryRefused: false,
      cursors: [],
      listed: [],
      pages: [],
      unrecorded: undefined,
      unfinished: [],
      random: undefined,
    },
    guest: {
      args: [0, 0, 0, 0],
      handles: { size: 1, free: [] },
      memories: [],
      globals: [],
      shared: [],
      frames: new Uint8Array(),
    },
    base: undefined,
  });
}

/** Whether the guest has been called: then there are frames, until it has returned. */
export function hasBegun({ guest }: Pick<Checkpoint, 'guest'>): boolean {
  return guest.frames.length > 0;
}
