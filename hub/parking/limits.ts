const MiB = 1024 * 1024;

/** Bounds of runs that take long, each with its reason. */
export const PARKING_BOUNDS = {
  /** Checkpoints of runs that stand still, in memory; those beyond are on disk only. The last one may go beyond. */
  parkedBytes: 64 * MiB,
  /** How often it is looked at who has the threads, while runs are under way: some microseconds. */
  threadLookMs: 10,
  /** A run that has its thread for so long holds it: others come and go in less. */
  heldMs: 20,
  /** A run that holds a thread for so long, and is not parked for those that wait, gets one of its own. */
  ownThreadMs: 1_000,
  /** How long it is waited for a run that is parked by hand. */
  parkMs: 10_000,
  /** A run that was to stand still and has not for so long, as it comes to no point, counts as one that cannot. */
  leaveMs: 500,
} as const;
