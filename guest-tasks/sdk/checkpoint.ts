/** Points of execution that a long task offers by itself. */
import { hostCheckpointOffer } from "./imports";

/** Offers a point of execution now. `progress` lies between 0 and 1. The hub may decline, and does so today. */
export function offerCheckpoint(progress: f64): void {
  hostCheckpointOffer(progress);
}
