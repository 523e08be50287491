const MiB = 1024 * 1024;

/** Bounds of tasks that come and go, each with its reason. */
export const DEPLOYMENT_BOUNDS = {
  /**
   * Deployed tasks. Each costs some 40 kB while it is idle, and the scheduler looks at each task that has work for each
   * run it starts.
   */
  tasks: 1_024,
  /** How long a deploy waits for the broker to grant its topics. With a broker that is away, they are asked for later. */
  subscribeMs: 5_000,
  /** How long the removal of a task's state waits for its last runs: a little more than most deadlines. */
  lastRunsMs: 10_000,
  /** Keys that one transaction removes when a bucket is emptied: some milliseconds of the main thread. */
  purgedKeys: 500,
  /**
   * Versions that are not in force any more and that a start takes up, as runs have begun on them: each is a component that
   * is prepared. As many as a provider has of them.
   */
  earlierVersions: 16,
  /** Components of versions that are no longer deployed, which a replay needs. */
  keptComponentBytes: 256 * MiB,
} as const;
