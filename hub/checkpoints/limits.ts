const MiB = 1024 * 1024;

/** Bounds of checkpoints on disk, each with its reason. */
export const CHECKPOINT_BOUNDS = {
  /** A checkpoint of a run, packed. A run whose is larger goes on, and begins anew after a restart. */
  checkpointBytes: 128 * MiB,
  /** All of them: of some long runs with much memory. Beyond, points are left out until there is room. */
  checkpointsBytes: 512 * MiB,
  /**
   * How much of a whole checkpoint a difference to an earlier one may have. Beyond, the whole one is written, and the
   * differences to that are small again.
   */
  differenceShare: 0.5,
} as const;
