/**
 * Checkpoints as differences to earlier ones of the same run. Only memory is:
 * what else a checkpoint has is small, or new.
 */
import type { Checkpoint, MemoryPage, MemoryState } from './checkpoint.js';
import { checkpointDigest, decodeCheckpoint, encodeCheckpoint } from './codec.js';
import { CheckpointFault } from './format.js';

/** A checkpoint, and what names it: `checkpointDigest`. */
export interface Named {
  readonly checkpoint: Checkpoint;
  readonly digest: string;
}

/**
 * The same checkpoint with those pages only that are other than in `base`.
 * @param later one that has no base.
 * @param base one that has none, of the same run.
 */
export function deltaOf(later: Checkpoint, base: Named): Checkpoint {
  const memories = later.guest.memories.map(({ length, pages }, i) => {
    return { length, pages: changedPages(pages, base.checkpoint.guest.memories[i]?.pages ?? []) };
  });
  return { ...later, guest: { ...later.guest, memories }, base: base.digest };
}

/**
 * What `deltaOf` was given.
 * @throws CheckpointFault when the difference is to another checkpoint.
 */
export function applyDelta(delta: Checkpoint, base: Named): Checkpoint {
  if (delta.base === undefined) throw new CheckpointFault('it is no difference: it needs no other checkpoint');
  if (delta.base !== base.digest) {
    throw new CheckpointFault(`it is a difference to ${delta.base}, and was applied to ${base.digest}`);
  }
  if (base.checkpoint.base !== undefined) {
    throw new CheckpointFault(`what it is a difference to is itself one, to ${base.checkpoint.base}`);
  }
  const memories = delta.guest.memories.map((memory, i) => withPages(memory, base.checkpoint.guest.memories[i]));
  return { ...delta, guest: { ...delta.guest, memories }, base: undefined };
}

/**
 * The whole checkpoint that a difference and what it is a difference to make.
 * @param base as bytes, packed or not; it may be undefined where `checkpoint` is whole already.
 * @throws CheckpointFault when `base` is not what it is a difference to.
 */
export function wholeCheckpoint(checkpoint: Uint8Array, base: Uint8Array | undefined): Uint8Array {
  const delta = decodeCheckpoint(checkpoint);
  if (delta.base === undefined) return checkpoint;
  if (base === undefined) throw new CheckpointFault(`it is a difference to ${delta.base}, which is missing`);
  const named = { checkpoint: decodeCheckpoint(base), digest: checkpointDigest(base) };
  return encodeCheckpoint(applyDelta(delta, named));
}

/** Both in ascending order. What only the base has is as in the beginning again. */
function changedPages(pages: readonly MemoryPage[], before: readonly MemoryPage[]): MemoryPage[] {
  const old = new Map(before.map(({ index, bytes }) => [index, bytes]));
  const changed = pages.filter(({ index, bytes }) => !isSame(bytes, old.get(index)));
  const still = new Set(pages.map(({ index }) => index));
  const reverted = before.flatMap(({ index }) => (still.has(index) ? [] : { index, bytes: undefined }));
  return reverted.length === 0 ? changed : inOrder([...changed, ...reverted]);
}

function withPages({ length, pages }: MemoryState, base: MemoryState | undefined): MemoryState {
  const merged = new Map((base?.pages ?? []).map((page) => [page.index, page]));
  for (const page of pages) {
    if (page.bytes === undefined) merged.delete(page.index);
    else merged.set(page.index, page);
  }
  return { length, pages: inOrder([...merged.values()]) };
}

function inOrder(pages: MemoryPage[]): MemoryPage[] {
  return pages.toSorted((a, b) => a.index - b.index);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
