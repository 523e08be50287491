import { checkpointDigest, glanceAt, wholeCheckpoint, type Bytes, type RunResult } from '../../../runtime/index.js';
import type { Checkpoints, PointContent } from './ports.js';

/** Checkpoints as the runtime makes them. */
export const CHECKPOINTS: Checkpoints = {
  glance: glanceAt,
  digest: checkpointDigest,
  whole: wholeCheckpoint,
};

/** What a side holds of a run at a point. What is made of it, is made when it is asked for, once. */
export class Content implements PointContent {
  readonly #checkpoints: Checkpoints;
  readonly anchor: Uint8Array | undefined;
  readonly difference: Uint8Array | undefined;
  readonly result: RunResult | undefined;
  #whole: Content | undefined;

  constructor(parts: PointContent, checkpoints: Checkpoints) {
    this.anchor = parts.anchor;
    this.difference = parts.difference;
    this.result = parts.result;
    this.#checkpoints = checkpoints;
  }

  get fuel(): number {
    const last = this.difference ?? this.anchor;
    return this.result?.usage.fuel ?? (last === undefined ? 0 : this.#checkpoints.glance(last).fuel);
  }

  get anchorDigest(): string | undefined {
    return this.anchor && this.#checkpoints.digest(this.anchor);
  }

  /** The same point as a checkpoint that stands alone: itself, where it has no difference. */
  get whole(): Content {
    const { anchor, difference } = this;
    if (anchor === undefined || difference === undefined) return this;
    this.#whole ??= new Content({ anchor: this.#checkpoints.whole(difference, anchor) }, this.#checkpoints);
    return this.#whole;
  }

  /**
   * Whether the anchor stands alone, the difference is one to it, and something is there at all: a result where the run
   * has ended, and only there.
   */
  isSound(isEnd: boolean): boolean {
    const { anchor, difference, result } = this;
    if (isEnd !== (result !== undefined)) return false;
    if (anchor !== undefined && this.#checkpoints.glance(anchor).base !== undefined) return false;
    if (difference === undefined) return anchor !== undefined || isEnd;
    return anchor !== undefined && this.#checkpoints.glance(difference).base === this.anchorDigest;
  }
}

/** Of its checkpoints. */
export function bytesOf({ anchor, difference }: PointContent): Bytes {
  return (anchor?.length ?? 0) + (difference?.length ?? 0);
}
