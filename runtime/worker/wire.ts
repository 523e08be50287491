/** Messages between the pool and its threads. Types only; `wire-codec.ts` packs runs and results. */
import type { Since } from '../points.js';
import type { Limits } from '../task.js';

/** Given to each thread when it starts. */
export interface ThreadOptions {
  readonly cacheDir: string;
  /** Control blocks, `CONTROL_BLOCK_SLOTS` numbers each: shared once, since sharing costs as much as a message. */
  readonly control: SharedArrayBuffer;
  readonly state: { readonly module: string; readonly options: unknown } | undefined;
}

/** Many values in two pieces: a message of many small objects costs more than the runs it carries. */
export interface Packed {
  /** JSON. */
  readonly text: string;
  /** Payloads and values, which the text refers to by their ends. */
  readonly bytes: Uint8Array;
}

export type ThreadJob =
  | { readonly type: 'ping' }
  | {
      readonly type: 'batch';
      readonly batch: number;
      readonly runs: Packed;
      /** Which control block is the batch's. */
      readonly block: number;
      /** Of its runs, those that are more than a request, by their index. */
      readonly points: readonly PointJob[];
    }
  | { readonly type: 'start'; readonly task: string; readonly limits: Limits }
  | { readonly type: 'forget'; readonly task: string };

/** A run that goes on from a checkpoint, or tells of points of execution. */
export interface PointJob {
  readonly index: number;
  readonly from: Uint8Array | undefined;
  readonly everyMs: number | undefined;
  readonly everyFuel: number | undefined;
  readonly since: Since | undefined;
  readonly deltas: boolean;
  readonly statePrefix: string | undefined;
}

/** Slots of a batch's control block, 32-bit each. */
export const CONTROL = {
  /** The index of the run that executes now; -1 before the first and after the last. */
  running: 0,
  /** Node's id of the thread that has the batch; 0 before one has. */
  thread: 1,
  /** From here on one slot a run, of the bits of `ASK`. */
  ask: 2,
} as const;

/** What a run is asked to do at the next slice's end. */
export const ASK = { cancel: 1, suspend: 2 } as const;

/** Sent in the middle of a batch when one run takes long: what is finished, and what is given back. */
export interface Partial {
  readonly type: 'partial';
  readonly batch: number;
  readonly results: Packed;
  /** Runs from this index on are not started and will not be. */
  readonly returnedFrom: number;
}

/** Sent when a run stands still. If it leaves, it is not among the batch's results. */
export interface Point {
  readonly type: 'point';
  readonly batch: number;
  readonly index: number;
  readonly leaves: boolean;
  readonly checkpoint: Uint8Array;
}

/** What a thread sends in the middle of a batch. */
export type Sent = Partial | Point;

export type StartAnswer =
  | { readonly type: 'started'; readonly fuel: number }
  | { readonly type: 'not-started'; readonly message: string };

/** What a job is answered with: a batch with the results that no partial message had. */
export type Answer = Packed | StartAnswer | undefined;
