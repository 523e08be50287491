/**
 * Which earlier checkpoint of a run the next one is told as the difference to:
 * the last whole one, as long as that saves much. What it had is kept in this
 * thread, as many bytes as it has pages.
 */
import { checkpointDigest } from '../checkpoint/codec.js';
import { CHECKPOINT_PAGE_BYTES, type Checkpoint } from '../checkpoint/checkpoint.js';
import type { Named } from '../checkpoint/delta.js';

/** A difference may have this much whatever the base has: a whole checkpoint of so little costs no more. */
const SMALL_PAGES = (256 * 1024) / CHECKPOINT_PAGE_BYTES;

export class DeltaBase {
  #base: Named | undefined;

  /** @param from The checkpoint that the run goes on from, which whoever sent it has too. */
  constructor(from: Named | undefined) {
    this.#base = from;
  }

  /** Undefined when the next checkpoint is to be whole. */
  get current(): Named | undefined {
    return this.#base;
  }

  /** After a checkpoint. @param bytes it as bytes. */
  passed(checkpoint: Checkpoint, bytes: Uint8Array): void {
    if (this.#base === undefined) {
      this.#base = { checkpoint, digest: checkpointDigest(bytes) };
    } else if (pagesOf(checkpoint) > SMALL_PAGES + pagesOf(this.#base.checkpoint) / 2) {
      this.#base = undefined;
    }
  }
}

function pagesOf({ guest }: Checkpoint): number {
  return guest.memories.reduce((sum, { pages }) => sum + pages.length, 0);
}
