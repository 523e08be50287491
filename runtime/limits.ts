import type { Limits } from './task.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** The size of a page of linear memory. https://webassembly.github.io/spec/core/exec/runtime.html#page-size */
export const PAGE_BYTES = 64 * KiB;

/** A reference in a table counts as this much memory: a pointer on a 64-bit machine. */
export const TABLE_ENTRY_BYTES = 8;

/** What a run gets when its manifest does not say. */
export const DEFAULT_LIMITS: Limits = {
  /** About 50 ms of hot code on the slowest machine Sterna is meant for. */
  fuel: 100_000_000,
  /** A hub with 1 GiB can hold thirty of these warm. */
  memoryBytes: 16 * MiB,
  deadlineMs: 3_000,
  outputBytes: 256 * KiB,
  logBytes: 16 * KiB,
};

/** The most a manifest may ask for. */
export const MAX_LIMITS: Limits = {
  /** Stays exact in a double with room to add runs up. */
  fuel: 1_000_000_000_000_000,
  /** A 32-bit memory has no more. */
  memoryBytes: 4096 * MiB,
  deadlineMs: 24 * 60 * 60 * 1000,
  outputBytes: 64 * MiB,
  logBytes: 4 * MiB,
};

/** Bounds of the runtime itself, each with the attack or accident it stops. */
export const RUNTIME_BOUNDS = {
  /** A component file: larger than a JavaScript engine (12 MB) or a Python one (36 MB) as a component. */
  componentBytes: 64 * MiB,
  /**
   * Fuel between two looks at the clock and the cancel flag: under a
   * millisecond of hot code, so that a deadline or a cancel is kept within one.
   */
  sliceFuel: 1_000_000,
  /** An MQTT topic has a two-byte length: MQTT 3.1.1, section 1.5.3. */
  topicBytes: 65_535,
  /** A key of a bucket. */
  keyBytes: 1 * KiB,
  /** Keys in one answer of list-keys. */
  listKeys: 1_000,
  /** Keys that a run can page through in one bucket: each page starts over. */
  listedKeys: 100_000,
  /** Bucket handles a run may hold at once. */
  handles: 64,
  /** Runs handed to a thread in one message: more gains nothing, fewer costs wake-ups. */
  batchRuns: 256,
  /** Work a thread is given in advance, by the time that runs took of late: what comes later, however urgent, waits for it. */
  aheadMs: 2,
  /** A run counts with at most this towards that time, so that one long run does not make all look long. */
  longRunMs: 10,
  /** Fewer are not split over idle threads: waking one costs as much as several short runs. */
  batchWorthwhile: 16,
  /** Payload bytes in one such message, unless a single run needs more. */
  batchBytes: 4 * MiB,
  /** A batch that takes longer gives back what it has not begun, at the next slice. */
  batchPatienceMs: 5,
  /** Components a thread keeps loaded, each with at most one warm instance. */
  warmTasks: 256,
  /** Times a run is handed out again because the thread that held it died in another run. */
  handouts: 3,
  /** Runs the pool holds that no thread has yet; the caller queues beyond it. */
  pendingRuns: 4_096,
  /** A run that has not been seen alive for this long past its deadline costs its thread. */
  watchdogMs: 2_000,
  /** Preparing one component: validate, meter, transpile, compile. */
  provisionMs: 60_000,
  /** Memory of the thread that prepares it. */
  provisionMegabytes: 2_048,
} as const;
