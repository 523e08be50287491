/**
 * Which earlier checkpoint of a run the next one is told as the difference to:
 * the last whole one. Where that saves little, a whole one is told. What it had
 * is kept in this thread, as many bytes as it has pages.
 */
import { checkpointDigest } from '../checkpoint/codec.js';
import { CHECKPOINT_PAGE_BYTES, type Checkpoint } from '../checkpoint/checkpoint.js';
import { applyDelta, type Named } from '../checkpoint/delta.js';

/** A difference may have this much whatever the base has: a whole checkpoint of so little costs no more. */
const SMALL_PAGES = (256 * 1024) / CHECKPOINT_PAGE_BYTES;

export class DeltaBase {
  #base: Named | undefined;

  /** @param from The checkpoint that the run goes on from, which whoever sent it has too. */
  constructor(from: Named | undefined) {
    this.#base = from;
  }

  /** What the memory of the next checkpoint is compared with. */
  get current(): Named | undefined {
    return this.#base;
  }

  /** What is told of a checkpoint that was compared with `current`. */
  told(checkpoint: Checkpoint): Checkpoint {
    const base = this.#base;
    if (base === undefined || pagesOf(checkpoint) <= SMALL_PAGES + pagesOf(base.checkpoint) / 2) return checkpoint;
    return applyDelta(checkpoint, base);
  }

  /** What was told, and goes on. @param bytes it as bytes. */
  passed(told: Checkpoint, bytes: Uint8Array): void {
    if (told.base === undefined) this.#base = { checkpoint: told, digest: checkpointDigest(bytes) };
  }
}

function pagesOf({ guest }: Checkpoint): number {
  return guest.memories.reduce((sum, { pages }) => sum + pages.length, 0);
}
