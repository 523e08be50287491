/** Who has the threads at one moment, and who waits for one: what a caller decides by whom to suspend. */

export interface Occupancy {
  /** Threads that any run may go to. */
  readonly threads: number;
  /** Those of them that have nothing to do, not even for a moment. */
  readonly idle: number;
  /** By thread, counted from 0: the run that executes there. */
  readonly executing: readonly ExecutingRun[];
  /** Runs that no thread has yet, in the order in which they came. */
  readonly waiting: readonly WaitingRun[];
  /** Runs with a thread of their own: see `Runtime.setApart`. */
  readonly apart: readonly string[];
}

export interface ExecutingRun {
  readonly runId: string;
  readonly thread: number;
}

export interface WaitingRun {
  readonly runId: string;
  /** The only thread that it may go to; undefined for any. */
  readonly thread: number | undefined;
}
