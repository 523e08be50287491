const MiB = 1024 * 1024;

/** The bound of a record of a run. How many there may be is in `STORE_BOUNDS`. */
export const RECORD_BOUNDS = {
  /**
   * A record of more, with the event, effects, values and log that are in it, is kept without those: a run may put out
   * 64 MiB, and a few of them would push all others out.
   */
  recordBytes: 4 * MiB,
} as const;
