/** Checkpoints in a folder: packing, writing and reading them takes as long as they are large, and as the disk wants. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import {
  checkpointDigest,
  decodeCheckpoint,
  packCheckpoint,
  unpackCheckpoint,
  wholeCheckpoint,
} from '../../runtime/index.js';
import { CHECKPOINT_BOUNDS } from './limits.js';
import { syncFolder } from '../data-folder/index.js';
import { differenceTo } from './difference.js';
import { fileOf, unfinishedOf } from './file-names.js';

/** A checkpoint that is on disk, whatever happens to the power. */
export interface KeptCheckpoint {
  /** Of what is in its file. */
  readonly digest: string;
  /** What that is the difference to; undefined when it stands alone. */
  readonly base: string | undefined;
  /** Of its file. */
  readonly bytes: number;
}

/**
 * Writes a checkpoint, or its difference to one that is there, where that is much smaller.
 * @param whole Not packed. @param base The digest of a whole one of the same run.
 * @param asItIs It is packed as far as is worth it, and has no base.
 * @throws Error when it is too large, or the disk refuses.
 */
export function keepIn(folder: string, whole: Uint8Array, base: string | undefined, asItIs = false): KeptCheckpoint {
  const difference = base === undefined ? undefined : differenceToKept(folder, base, whole);
  const checkpoint = difference ?? whole;
  const digest = checkpointDigest(checkpoint);
  const packed = asItIs ? checkpoint : packCheckpoint(checkpoint);
  if (packed.length > CHECKPOINT_BOUNDS.checkpointBytes)
    throw new Error(
      `a checkpoint must have at most ${CHECKPOINT_BOUNDS.checkpointBytes} bytes: it has ${packed.length}`,
    );
  // Somebody may have cleaned up: what was there is lost, and not what comes.
  mkdirSync(folder, { recursive: true });
  write(folder, digest, packed);
  syncFolder(folder);
  return { digest, base: difference === undefined ? undefined : base, bytes: packed.length };
}

/** @returns it, not packed, and whole. @throws Error when it, or what it rests on, is not there, or damaged. */
export function readIn(folder: string, digest: string): Uint8Array {
  const checkpoint = contents(folder, digest);
  const { base } = decodeCheckpoint(checkpoint);
  return base === undefined ? checkpoint : wholeCheckpoint(checkpoint, contents(folder, base));
}

/** The file is read again each time: that takes less than packing all of it, and nothing is held in memory for it. */
function differenceToKept(folder: string, base: string, whole: Uint8Array): Uint8Array | undefined {
  let kept: Uint8Array;
  try {
    kept = contents(folder, base);
  } catch {
    // Nothing is to rest on a file that is damaged: a whole one takes its place.
    return undefined;
  }
  return differenceTo(kept, whole);
}

function contents(folder: string, digest: string): Uint8Array {
  const checkpoint = unpackCheckpoint(readFileSync(fileOf(folder, digest)));
  if (checkpointDigest(checkpoint) !== digest) throw new Error('the checkpoint is another than its name says');
  return checkpoint;
}

/** On nothing that is new does anything rest yet: so it may have its name before the disk has it, which takes one wait for both. */
function write(folder: string, digest: string, bytes: Uint8Array): void {
  const [file, unfinished] = [fileOf(folder, digest), unfinishedOf(folder, digest)];
  const isNew = !existsSync(file);
  let at = unfinished;
  const fd = openSync(unfinished, 'w', 0o600);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
    if (!isNew) fsyncSync(fd);
    renameSync(unfinished, file);
    if (isNew) {
      at = file;
      fsyncSync(fd);
    }
  } catch (error) {
    rmSync(at, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
