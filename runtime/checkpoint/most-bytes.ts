/** How much a checkpoint may be when it is unpacked, by what its run may use: known before it is. */
import { UNWIND_FRAMES_BYTES } from '../provision/suspend/limits.js';
import { RUNTIME_BOUNDS } from '../limits.js';
import type { Bytes, RunRequest } from '../task.js';
import { CHECKPOINT_PAGE_BYTES } from './checkpoint.js';
import { CHECKPOINT_BOUNDS } from './format.js';

/** What a page takes besides its contents: its index, and that it is there. */
const PAGE_ENTRY_BYTES = 5;

/** A checkpoint of a run with these limits and grants, as `encodeCheckpoint` writes it, has no more. Pure. */
export function mostCheckpointBytes({ limits, grants }: Pick<RunRequest, 'limits' | 'grants'>): Bytes {
  const { memoryBytes, outputBytes, logBytes } = limits;
  const memory = memoryBytes + (memoryBytes / CHECKPOINT_PAGE_BYTES) * PAGE_ENTRY_BYTES;
  const reads = Object.keys(grants.buckets).length === 0 ? 0 : RUNTIME_BOUNDS.readBytes;
  const most = memory + outputBytes + logBytes + reads + UNWIND_FRAMES_BYTES + CHECKPOINT_BOUNDS.otherBytes;
  return Math.min(most, CHECKPOINT_BOUNDS.bodyBytes);
}
