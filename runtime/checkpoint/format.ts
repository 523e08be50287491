/**
 * How a checkpoint is written down. All numbers are little-endian, so that the
 * same bytes mean the same on every machine. `runtime/README.md` has the table.
 *
 *   0   8  "STERNACP"
 *   8   2  version of the format
 *  10   1  how the body is packed: 0 as it is, 1 raw deflate (RFC 1951)
 *  11   1  0
 *  12   4  length of the body when unpacked
 *  16   4  length of the body as it is here
 *  20   …  the body
 *   …  32  sha256 of everything before
 *
 * What names a checkpoint is the sha256 of its body, unpacked.
 */
import type { Bytes } from '../task.js';

const MiB = 1024 * 1024;

export const MAGIC = 'STERNACP';
export const FORMAT_VERSION = 2;
export const HEADER_BYTES = 20;
export const DIGEST_BYTES = 32;
export const PACKING = { none: 0, deflate: 1 } as const;

/** What a decoder takes: what a file claims is not believed before it is below one of these. */
export const CHECKPOINT_BOUNDS = {
  /** A body, unpacked. A gigabyte of dirty memory is more than a hub has; and 4 bytes cannot say more than four. */
  bodyBytes: (1024 * MiB) satisfies Bytes,
  /**
   * What a body has besides memory, frames, output, log and values that were read: the event (1 MiB), configuration,
   * globals, names and keys. A run that had more would not be taken from elsewhere.
   */
  otherBytes: (16 * MiB) satisfies Bytes,
  /** How much smaller packing may make a body: deflate's most is 1032. */
  packedRatio: 1_032,
  /** Characters of a name, an id or a digest. */
  nameLength: 65_535,
  /** Entries of a list, or of a map. Each list of a run has a lower bound of its own. */
  entries: 65_536,
  /** Core modules, as `RUNTIME_BOUNDS.coreInstances`; each may have a memory. */
  modules: 128,
  /** 64-bit words of the globals of one module. */
  words: 65_536,
  /** Of all memories, whatever the limit is said to be: what 32 bits can address. */
  memoryBytes: (4_096 * MiB) satisfies Bytes,
} as const;

/** Why bytes are not a checkpoint that can be used here. */
export class CheckpointFault extends Error {
  override readonly name: string = 'CheckpointFault';
}

/** It may be one, and has more bytes when it is unpacked than it may have. */
export class CheckpointTooLarge extends CheckpointFault {
  override readonly name = 'CheckpointTooLarge';
}
