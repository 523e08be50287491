/**
 * Runs that can be suspended, as callers of the runtime see them. A checkpoint
 * is bytes here: it is kept, sent and resumed as it is, on any machine that has
 * the component prepared the same.
 */
import type { Fuel, RunResult } from './task.js';

/** What a run has used since a point of it. */
export interface Since {
  /** Milliseconds of the time that it executed. */
  readonly ms: number;
  readonly fuel: Fuel;
}

export interface PointOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Tells of a point of execution at least this often, in milliseconds of the time that it executes, and goes on; the
   * run takes up to a slice longer to come to one. Undefined, the default, for never.
   */
  readonly everyMs?: number | undefined;
  /** The same by fuel: also when it has used so much since the last point that was told of, and at most a slice more. */
  readonly everyFuel?: Fuel | undefined;
  /** What of both had passed already when the run that is resumed was suspended. Nothing, the default. */
  readonly since?: Since | undefined;
  /**
   * Checkpoints of this run are differences to the one that it goes on from, or else to the first. One of which the
   * difference would not be much smaller is whole, and those behind it are differences to that. Each names what it is a
   * difference to, which the caller must have kept: `wholeCheckpoint` makes of both what can be resumed. The thread
   * keeps as many bytes as that one has of memory. False, the default, for checkpoints that stand alone.
   */
  readonly deltas?: boolean | undefined;
  /**
   * Goes before the names of buckets where the run reads state, and nowhere else: what it has read and written, and its
   * checkpoints, have the names that its grants have. Undefined, the default, for state that has them as well.
   */
  readonly statePrefix?: string | undefined;
  /** Told of each such point, in order; not of those that are on their way when the run has ended. */
  readonly onPoint?: ((checkpoint: Uint8Array) => void) | undefined;
}

/** How a run ended, or that it did not. */
export type RunEnd =
  | { readonly kind: 'ended'; readonly result: RunResult }
  /** It stands still: `Runtime.resume` goes on with it, here or elsewhere. It has had no effect. */
  | { readonly kind: 'suspended'; readonly checkpoint: Uint8Array };

/** A run that executes, or waits to. */
export interface RunHandle {
  /** Resolves whatever the guest does. Rejects when the runtime cannot execute the run: it is closed, or full. */
  readonly end: Promise<RunEnd>;
  /**
   * Asks the run to stand still at its next point of execution. A run that comes to none, because it ends before, or
   * holds a handle, or its task is not resumable, goes on to its end.
   * @returns its checkpoint, or undefined if it ended. It does not reject: that the run could not be executed, `end` says.
   */
  suspend(): Promise<Uint8Array | undefined>;
}
