const KiB = 1024;
const MiB = 1024 * KiB;

/** Bounds of what waits to be written, each with its reason. */
export const JOURNAL_BOUNDS = {
  /** How long an event waits for its runs, to be written together with their end: longer than most take. */
  receivedMs: 1,
  /** How long it may take until it is written that the broker has a message. After a kill, as much is published again. */
  sentMs: 50,
  /** How long after a transaction that failed, for instance as the disk is full, the next attempt is made. */
  retryMs: 1_000,
  /** How long records of runs that nobody was promised anything for wait for a transaction of others. */
  recordsMs: 1_000,
  /** Those that wait. Beyond, such runs leave no record: a flood of events at QoS 0 is not to be a flood on the disk. */
  waitingRecordBytes: 1 * MiB,
  /** A payload in the bucket `devices`: more than any sensor sends. A larger one is not kept, nor what came before it. */
  devicePayloadBytes: 64 * KiB,
  /** How long such a payload waits for a transaction that it can go along with. */
  deviceDelayMs: 100,
} as const;
