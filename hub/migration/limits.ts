/** Every bound of the runs that move, each with its reason. */
export const MIGRATION_BOUNDS = {
  /** Runs that move at once: each keeps a stub of up to some MiB here, and as much at the provider. */
  runs: 32,
  /**
   * Milliseconds of execution between two points, where the manifest does not ask for more: what a broken link costs at
   * most, with those points that are not held yet.
   */
  pointMs: 1_000,
  /** How long a provider that is not heard may go on with a run before the hub takes it back. */
  reclaimMs: 30_000,
  /** How often it is looked whether a run should move of its own accord. */
  lookMs: 2_000,
  /**
   * A run comes no further when its next point takes so many times as long as the slowest one did: queues and links vary,
   * and twice as long is nothing unusual.
   */
  stallFactor: 4,
  /** How much the latest look at the load here counts in the mean: what is over in some seconds moves no run. */
  loadRecent: 0.1,
  /** How long a run stays where it is, so that it does not flap. */
  dwellMs: 10_000,
  /** How much sooner a run must be over elsewhere before it moves of its own accord: by time, and by part. */
  gainMs: 2_000,
  gain: 0.25,
  /** How long it is waited for the ends of what executes here, when the hub stops. */
  closeMs: 3_000,
  /** What is kept of the way of a run: its last moves. */
  notes: 64,
  /** Runs that moved and are over, whose way is still told: some KiB each. */
  past: 64,
} as const;
