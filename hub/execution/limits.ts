const MiB = 1024 * 1024;

/** Bounds of runs that execute, are tried again, and publish, each with its reason. */
export const EXECUTION_BOUNDS = {
  /** Executions of one attempt of a run while others keep overwriting what it read; then the attempt has failed. */
  executions: 16,
  /**
   * Runs that wait to be tried again, over all tasks: a quarter of what the hub may hold, so that tasks that fail cannot
   * keep the others out. A run that fails beyond that is not tried again.
   */
  retryingRuns: 5_000,
  /** Their payloads. */
  retryingBytes: 16 * MiB,
  /** Messages that are with the broker link at once: those beyond wait on disk. */
  publishing: 4_096,
  /** Payloads of those messages together, looked at before another group is handed over. */
  publishingBytes: 16 * MiB,
} as const;
