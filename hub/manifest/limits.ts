const KiB = 1024;

/** What a manifest may ask for at most, each with the attack or accident that it stops. */
export const MANIFEST_BOUNDS = {
  /** A manifest file. The largest sensible one is a few KiB. */
  manifestBytes: 64 * KiB,
  /** Triggers of a task. */
  triggers: 32,
  /** Topic filters in the publish grant. */
  publishGrants: 64,
  /** Buckets of a task. */
  buckets: 32,
  /** Keys of the `[config]` table. */
  configKeys: 256,
  /** Characters of a config value. */
  configValueLength: 4 * KiB,
  /** Levels of a topic filter: routing recurses once for each. */
  filterLevels: 64,
  /** The `queue` of a manifest. */
  maxTaskQueue: 100_000,
  /** The `hops` of a manifest. */
  maxHops: 64,
  /** The `concurrency` of a manifest. */
  maxConcurrency: 1_024,
  /** The `attempts` of a manifest. */
  maxAttempts: 100,
  /** The `failures` of a manifest. */
  maxFailures: 1_000,
  /** Characters of a JSON pointer. */
  pointerLength: 1_024,
  /** The longest `wait`, `maxWait`, `every`, `window` and `ttl`. A timer holds no more than 24 days. */
  shapingMs: 24 * 3_600_000,
  /** Characters of a `cron` line. */
  cronLength: 256,
  /** The shortest and the longest `every`. A longer rhythm is one of days, which cron can say. */
  leastTimerMs: 1_000,
  timerMs: 24 * 3_600_000,
  /** Characters of a timer's `payload`. */
  timerPayloadLength: 4 * KiB,
  /** The shortest and the longest `every` of a `[checkpoint]`: each costs some milliseconds of the run, and a file. */
  leastCheckpointMs: 100,
  checkpointMs: 3_600_000,
  /** The least `fuel` of a `[checkpoint]`: some ten milliseconds of hot code. */
  leastCheckpointFuel: 10_000_000,
} as const;

/** What a manifest gets when it does not say. */
export const MANIFEST_DEFAULTS = {
  /** Events waiting for one task: enough for a minute at the rate of a busy house. */
  queue: 1_000,
  priority: 5,
  mode: 'queued',
  /** What was acknowledged is not thrown away unless the manifest says so. */
  overflow: 'dead-letter',
  catchUp: 'none',
  /** A task that is meant to wake itself does so a few times; a loop reaches it in milliseconds. */
  hops: 8,
  qos: 1,
  /** A fault that passes by itself has mostly passed after some seconds; one that does not is not worth more fuel. */
  attempts: 3,
  backoff: 1_000,
  maxBackoff: 5 * 60_000,
  /** What a device said an hour ago is rarely worth acting on. */
  maxAge: 3_600_000,
  /** Runs given up one after the other before a task is quarantined. */
  failures: 5,
  coolDown: 30_000,
  maxCoolDown: 3_600_000,
  /** What a power cut costs a long run; taking a checkpoint takes less than a hundredth of that. */
  checkpoint: 5_000,
  onNewVersion: 'finish-on-old',
} as const;
