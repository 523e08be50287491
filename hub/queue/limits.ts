const MiB = 1024 * 1024;

/** Bounds of what waits or runs. */
export const QUEUE_BOUNDS = {
  /** Runs that wait or run, over all tasks. At some 500 bytes each besides the payload, 10 MB. */
  queuedRuns: 20_000,
  /** Payloads of those runs together. A run is always admitted when nothing else is held. */
  queuedBytes: 64 * MiB,
} as const;
