const KiB = 1024;
const MiB = 1024 * KiB;

/** Every bound of the store, each with its reason. */
export const STORE_BOUNDS = {
  /** How long a start waits for the lock on its directory: a command has it for an instant, to see whether a hub does. */
  lockWaitMs: 200,
  /**
   * How far beyond the last one versions of state go on, at least and at most twice, whenever a hub starts: more than one
   * writes until the next start. So there are millions of starts before the numbers end.
   */
  versionsApart: 2 ** 30,
  /** Messages that wait for the broker, on disk: an outage of some hours at the rate of a busy house. */
  outboxMessages: 500_000,
  /** Their bytes. */
  outboxBytes: 256 * MiB,
  /** Messages that the broker would not take, which are kept to be looked at; the oldest goes. */
  deadMessages: 1_000,
  /** Their bytes: what a broker will not take is mostly too large for it. */
  deadMessageBytes: 32 * MiB,
  /**
   * Runs that were given up, which are kept to be looked at or sent back; the oldest goes. More than the hub may hold
   * (`QUEUE_BOUNDS.queuedRuns`): a start without a task, as when its folder is not there, makes letters of all that waited for
   * it.
   */
  deadLetters: 25_000,
  /** Their bytes: a task that fails on large payloads cannot fill the disk. More than `QUEUE_BOUNDS.queuedBytes`. */
  deadLetterBytes: 96 * MiB,
  /**
   * Deliveries that are recognised when the broker repeats them: more than it may have unacknowledged
   * (`INTAKE_BOUNDS.heldEvents`). Packet ids beyond that may mean another message.
   */
  deliveries: 8_192,
  /** The write-ahead log is copied into the database when it has this size: some thousand commits. */
  logBytes: 8 * MiB,
  /** What is kept of runs that are over: a week of a busy house is some 100 MB. */
  records: { bytes: 256 * MiB, ageMs: 7 * 24 * 3_600_000 },
  /**
   * A row of records, the last of which may go beyond. A transaction that ends many runs with much to say has several:
   * SQLite takes a blob of up to 1 GB, and who looks for a record reads its row.
   */
  recordRowBytes: 16 * MiB,
  /** Oldest records are removed whenever so much was added: half a millisecond of work. */
  prunedBytes: 256 * KiB,
  /** Versions of tasks that records may name: some 1 KiB each. */
  taskVersions: 4_096,
  /** A value in a bucket. */
  valueBytes: 1 * MiB,
  /** Keys in a bucket. */
  bucketKeys: 100_000,
  /** Keys and values of a bucket together. */
  bucketBytes: 64 * MiB,
  /** Topics in the bucket `devices`: a large building's. One beyond makes the one seen longest ago go. */
  deviceTopics: 10_000,
  /** Those topics and their payloads together. */
  deviceBytes: 16 * MiB,
} as const;
