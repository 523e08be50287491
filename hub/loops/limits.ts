const KiB = 1024;

/** Bounds of the loop guard, each with its reason. */
export const LOOP_BOUNDS = {
  /** Publishes in a row, whatever their tasks. Beyond, the next is cut as a loop is. */
  chainLength: 256,
  /**
   * Their names in a message: as many as `chainLength` of 15 letters. Of a longer chain the latest ones go with it, which
   * is where a loop is.
   */
  chainCharacters: 4 * KiB,
  /** Publishes that are remembered so that they are known when they come back: some 200 bytes each. */
  recentPublishes: 8_192,
  /** How long. A broker on the same network returns a message within milliseconds; a busy one within seconds. */
  recentPublishMs: 30_000,
} as const;
