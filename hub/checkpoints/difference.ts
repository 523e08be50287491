import { checkpointDigest, decodeCheckpoint, deltaOf, encodeCheckpoint } from '../../runtime/index.js';
import { CHECKPOINT_BOUNDS } from './limits.js';

/**
 * A checkpoint as the difference to a whole one of the same run that is kept.
 * @param whole Not packed, as `base`.
 * @returns undefined where that would not be much smaller: then it is worth being what later ones are differences to.
 */
export function differenceTo(base: Uint8Array, whole: Uint8Array): Uint8Array | undefined {
  const named = { checkpoint: decodeCheckpoint(base), digest: checkpointDigest(base) };
  const difference = encodeCheckpoint(deltaOf(decodeCheckpoint(whole), named));
  return difference.length > whole.length * CHECKPOINT_BOUNDS.differenceShare ? undefined : difference;
}
