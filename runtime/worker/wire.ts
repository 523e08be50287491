/** Messages between the pool and its threads. Types only. */
import type { Artifact } from '../provision/artifact.js';
import type { Effect, Limits, LogLine, Outcome, Read, RunRequest, TaskEvent, Usage } from '../task.js';

/** Given to each thread when it starts. */
export interface ThreadOptions {
  readonly cacheDir: string;
  readonly state: { readonly module: string; readonly options: unknown } | undefined;
}

/** A run without its payload, which lies in the batch's `payloads`. */
export interface WireRun extends Omit<RunRequest, 'event'> {
  readonly event: Omit<TaskEvent, 'payload'>;
  readonly payloadFrom: number;
  readonly payloadTo: number;
}

export type ThreadJob =
  | {
      readonly type: 'batch';
      readonly batch: number;
      readonly artifacts: readonly Artifact[];
      readonly runs: readonly WireRun[];
      readonly payloads: Uint8Array;
      readonly control: SharedArrayBuffer;
    }
  | { readonly type: 'start'; readonly artifact: Artifact; readonly limits: Limits };

/** Slots of a batch's control block, 32-bit each. */
export const CONTROL = {
  /** The index of the run that executes now; -1 before the first and after the last. */
  running: 0,
  /** From here on one slot a run: not 0 asks for the run to be cancelled. */
  cancel: 1,
} as const;

/** An effect whose bytes lie in the message's `bytes`. */
export type WireEffect =
  | (Omit<Extract<Effect, { kind: 'publish' }>, 'payload'> & WireRange)
  | (Omit<Extract<Effect, { kind: 'set' }>, 'value'> & WireRange)
  | Extract<Effect, { kind: 'delete' }>;

interface WireRange {
  readonly from: number;
  readonly to: number;
}

export interface WireResult {
  /** The run's index in the batch. */
  readonly index: number;
  readonly outcome: Outcome;
  readonly effects: readonly WireEffect[];
  readonly reads: readonly Read[];
  readonly log: readonly LogLine[];
  readonly droppedLogLines: number;
  readonly usage: Usage;
}

/** Runs that are finished. */
export interface Results {
  readonly results: readonly WireResult[];
  readonly bytes: Uint8Array;
}

/** Sent in the middle of a batch when one run takes long: what is finished, and what is given back. */
export interface Partial extends Results {
  readonly type: 'partial';
  readonly batch: number;
  /** Runs from this index on are not started and will not be. */
  readonly returnedFrom: number;
}

export type StartAnswer =
  | { readonly type: 'started'; readonly fuel: number }
  | { readonly type: 'not-started'; readonly message: string };
