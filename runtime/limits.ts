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
  /**
   * What V8's optimising compiler is given at most in one function, in the hub's own memory. Measured at these bounds
   * on Node 20, where 24 takes two to three times as much: 70 MB for the bytes, 70 MB for the loops, 60 MB for the product of
   * locals and branches; beyond them it takes gigabytes. A JavaScript engine, SQLite and compilers have 230 kB, 9,000
   * branches and a product of 630,000 at most.
   */
  functionBytes: 1 * MiB,
  /** Places at which control splits or joins: block, loop, if, try, a branch, and each label of a table. */
  functionBranches: 16_384,
  functionLoops: 1_024,
  functionLocalBranches: 8 * 1024 * 1024,
  /** An MQTT topic has a two-byte length: MQTT 3.1.1, section 1.5.3. */
  topicBytes: 65_535,
  /** A key of a bucket. */
  keyBytes: 1 * KiB,
  /** Keys in one answer of list-keys. */
  listKeys: 1_000,
  /** The stack of a thread that runs guests: four times what their calls are counted to take (`CALL_STACK_BYTES`). */
  stackMegabytes: 16,
  /** Handles a run may hold at once: of buckets, streams and what else is a resource. */
  handles: 64,
  /** Bytes that a standard stream takes in one call: as much as a pipe does. */
  writeBytes: 64 * KiB,
  /** Core modules that an instance is made of, each with a counter that a slice's end looks at: Python has a dozen or two. */
  coreInstances: 128,
  /** Types within types in a component: more than any compiler makes, and far from the end of the stack. */
  typeNesting: 32,
  /** Types in one place of a component: a JavaScript engine's has a few hundred. */
  componentTypes: 100_000,
  /** Effects of a run, which the hub commits in one piece on its main thread: some 20 ms at 5 us each. */
  effects: 4_096,
  /** Keys a run can read, each of which the hub compares when it commits: the same. */
  reads: 4_096,
  /** Characters of those keys together: they cross to the main thread as JSON, in which each may take six bytes. */
  readLength: 512 * KiB,
  /**
   * How long a run sees state as of one moment. While it does, SQLite's log cannot begin anew, and grows with all that is
   * written. Most runs are over sooner; what one reads later is of a later moment, which its commit finds out.
   */
  snapshotMs: 1_000,
  /** Bytes of values at which a run can look at no more: they are kept until it ends, in the hub's memory and not in its own. */
  readBytes: 64 * MiB,
  /**
   * What a run read that is handed on so that it can be executed again: it crosses to the main thread and is kept with
   * the run's record. A device's state has some hundred bytes; a run that reads more works all the same.
   */
  recordedReadBytes: 256 * KiB,
  /** Items of a list that a guest hands over in one call: no run can read or write as many keys. */
  listItems: 4_096,
  /** Characters of a message that says why a run ended: a guest may have chosen what it quotes. */
  messageLength: 4_096,
  /** Lines of a run's log: an empty one costs nothing of the log limit. */
  logLines: 4_096,
  /** Lines beyond those that are counted: what four bytes hold. A run of hours comes to more, and those count no further. */
  droppedLogLines: 0xffff_ffff,
  /** Random bytes in one call: a millisecond in which a run cannot be stopped. */
  randomBytes: 1 * MiB,
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
  /**
   * What a thread keeps warm: compiled components, and instances with their memories. 500 small tasks, or one
   * JavaScript engine and 100; four threads stay below half of a hub's 1 GiB. A thread that needs more for the run
   * that executes gets it, by the run's own limit.
   */
  warmBytes: 128 * MiB,
  /**
   * A component that takes this long to load is kept loaded when it has been deployed; others are loaded for their
   * first event, so that 500 of them do not cost 60 MB before any is used.
   */
  keptLoadMs: 10,
  /** Instances that a thread keeps for the keys of one task: a task with many keys does not push out all others. */
  keptKeys: 64,
  /** An instance with less memory is put back within some 10 us, which is less than making it anew: that is not measured. */
  measuredResetBytes: 1 * MiB,
  /** Entries of a table that are kept for a reset, in a table that no limit of the task counts; with more, an instance is made anew. */
  savedTableEntries: 16_384,
  /** Threads that may die while they hold a run, in other runs: then it ends as lost, so that it cannot go round for ever. */
  losses: 3,
  /** Threads that are left to one long run each, beside those that runs share: each holds `warmBytes` and competes for the cores. */
  threadsApart: 2,
  /** Runs the pool holds that no thread has yet; the caller queues beyond it. */
  pendingRuns: 4_096,
  /** A run that has not been seen alive for this long past its deadline costs its thread. */
  watchdogMs: 2_000,
  /** How long a thread that is to end may take. One in a system call that does not return never does, and is left behind. */
  terminateMs: 5_000,
  /** Compiling a component in a thread and running its start functions, whose own limits are far below. */
  startMs: 60_000,
  /** Runs that wait for the process of suspected tasks: they wait for nobody else, so there are few. */
  suspectRuns: 1_024,
  /** How long a run in that process may take to end when it is cancelled; then the process is killed. */
  suspectCancelMs: 100,
  /** How long that process is kept when there is nothing to do: it holds some 60 MB. */
  suspectIdleMs: 60_000,
  /**
   * Preparing one component: validate, transpile, meter, validate. A JavaScript engine (12 MB) takes 1 to 3 s,
   * and a slow board is five times slower. Processor time, since it yields to events.
   */
  provisionCpuMs: 60_000,
  /** The same as time that passes: a machine may be busy with other things, but not for ever. */
  provisionWallMs: 300_000,
  /** Memory of the process that prepares it: what it holds for the smallest, with room to grow between two components. */
  provisionBaseBytes: 384 * MiB,
  /** What each byte of a component adds to that: 20 were measured for a JavaScript engine. */
  provisionBytesPerByte: 32,
  /** What each byte adds to memory, and each KiB to processor time, where a component is to be resumable: 400 and 50 were measured, and a slow board is five times slower. */
  provisionSuspendBytesPerByte: 448,
  provisionSuspendCpuMsPerKiB: 250,
  /** The JavaScript heap of the thread in it, which is not where modules are. */
  provisionHeapBytes: 512 * MiB,
  /** Components that are prepared at once: with one alone, a slow one holds everybody up. */
  provisionProcesses: 2,
  /** Components that one process prepares: the first costs 0.2 s, others a quarter of it; then what it has piled up goes. */
  provisionsPerProcess: 16,
  /** How long a process is kept for the next component: it holds some 150 MB. */
  provisionIdleMs: 3_000,
} as const;
