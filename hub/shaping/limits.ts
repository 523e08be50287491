const KiB = 1024;
const MiB = 1024 * KiB;

/** Bounds of what shaping remembers, each with the attack or accident that it stops. */
export const SHAPING_BOUNDS = {
  /**
   * Keys whose shaping is remembered, for each trigger: as many devices as a large building has. One beyond makes the
   * one used longest ago be forgotten, so that made-up topics cannot fill the memory.
   */
  shapedKeys: 4_096,
  /** A longer key is remembered as its digest. */
  shapedKeyLength: 256,
  /**
   * Events that wait in the shaping of all triggers together, and their payloads: a quarter of what the hub may hold, so
   * that a long debounce cannot keep the others out. Beyond, those that are due next go on before their time.
   */
  shapedEvents: 5_000,
  shapedBytes: 16 * MiB,
  /** Payloads or values that `dedupe` remembers, for each trigger: some 100 bytes each. */
  dedupedValues: 4_096,
  /** A payload that is parsed for a JSON pointer on the thread that all events pass: under a millisecond. */
  shapedJsonBytes: 64 * KiB,
  /** What is kept of a trigger's shaping over a restart, the newest: the keys of a large building. */
  keptShapingBytes: 512 * KiB,
} as const;
