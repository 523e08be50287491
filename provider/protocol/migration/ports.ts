/**
 * What a side of a run that moves needs of its surroundings. The hub and the
 * provider each have theirs; a test has some with a clock and a network of its
 * own.
 */
import type { RunHandle, RunResult } from '../../../runtime/index.js';
import type { Message, Side, Stub } from '../responsibility/index.js';

/** What goes with a point, and what a stub keeps of it: the memory of a run as one or two checkpoints, or its result. */
export interface PointContent {
  /**
   * A checkpoint that stands alone. In a message it is left out when it has been sent before over the same link; in a
   * stub it is left out when the run began in this epoch and has come to no point.
   */
  readonly anchor?: Uint8Array | undefined;
  /** The point itself, as the difference to `anchor`; undefined when it is `anchor`, or the run has ended. */
  readonly difference?: Uint8Array | undefined;
  /** How the run ended, with the point that says `end`. */
  readonly result?: RunResult | undefined;
}

/** What a hub wants of a run wherever it executes; it goes with each point. */
export interface Terms {
  /** Milliseconds of execution between two points. */
  readonly pointMs: number;
  /** How long the hub lets a provider go on that it does not hear, in milliseconds. */
  readonly reclaimMs: number;
  /** Who is to be responsible and how they go on, when it is not for the executing side to choose. */
  readonly responsible?: Side | undefined;
  readonly mode?: Stub['mode'] | undefined;
  /** Whether the effects are for devices at the hub. */
  readonly isForHere: boolean;
  /** The fuel that the run is expected to take in all; 0 when nobody knows. */
  readonly expectedFuel: number;
}

/** One message about one run, in either direction. */
export interface MigrationMessage {
  /** Names this run's migration, at both sides and over restarts: no other ever has it. */
  readonly id: string;
  /** The task's name in the session. */
  readonly task: string;
  readonly message: Message;
  readonly content: PointContent;
  /** With a point. */
  readonly terms?: Terms | undefined;
}

/** What a side keeps of a run: on disk, unless it says otherwise. */
export interface StubRecord {
  readonly id: string;
  readonly task: string;
  readonly stub: Stub;
  readonly content: PointContent;
  readonly terms: Terms;
  /** Why the last proposal was as it was, in a sentence. */
  readonly why: string;
}

/** Executes. */
export interface Host {
  /**
   * Goes on with the run from a checkpoint that stands alone, as soon as there is a thread for it.
   * @param onPoint told of points that are passed, as differences to `checkpoint` or to a whole one that was told of
   *   before, at least every `everyMs` of execution; undefined for none.
   * The handle's `suspend` also takes it out of the queue; then its checkpoint is the one that was given. A host may
   * suspend a run by itself, which counts as a point.
   */
  execute(
    checkpoint: Uint8Array,
    onPoint: ((checkpoint: Uint8Array) => void) | undefined,
    everyMs: number,
  ): RunHandle;
}

/** Keeps stubs. */
export interface StubKeeper {
  /** Resolves when it is kept. It replaces what was kept of the run. */
  keep(record: StubRecord): Promise<void>;
  /** The run is over. At the hub, this is one transaction with its effects. */
  over(record: StubRecord, how: 'of-the-run' | 'cancelled'): Promise<void>;
  /** The provider's: nothing is wanted of it any more. */
  drop(id: string): Promise<void>;
}

/** Says things to the other side, in order while the link lasts; what is lost is said again. */
export interface Channel {
  /** @returns whether it was taken: there is a link. */
  send(message: MigrationMessage): boolean;
}
