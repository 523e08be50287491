/**
 * What a side of a run that moves needs of its surroundings. The hub and the
 * provider each have theirs; a test has some with a clock and a network of its
 * own.
 */
import type { RunHandle, RunResult } from '../../../runtime/index.js';
import type { Message, Side, Stub } from '../responsibility/index.js';

/**
 * What goes with a point, and what a stub keeps of it: the memory of a run as one or two checkpoints, or its result.
 * Checkpoints are not packed here: a channel and a keeper of stubs may pack them on their way.
 */
export interface PointContent {
  /** A checkpoint that stands alone. It is left out of a message that says so, and when the run has ended. */
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
  /** Where it is to execute, from the next point on; undefined to leave it where it is. It holds until it is so. */
  readonly executes?: Side | undefined;
  /** Whether the effects are for devices at the hub. */
  readonly isForHere: boolean;
  /** Whether these devices wait for them: they are not to be late because a link is down. */
  readonly isUrgent?: boolean | undefined;
  /** Whether work at the hub is to be spared: it is on battery, or hot. */
  readonly sparesHub?: boolean | undefined;
  /** The fuel that the run is expected to take in all; 0 when nobody knows. */
  readonly expectedFuel: number;
}

/** One message about one run, in either direction. */
export interface MigrationMessage {
  /** Names this run's migration, at both sides and over restarts: no other ever has it. */
  readonly id: string;
  /** The task's name in the session. */
  readonly task: string;
  readonly message: Message | Lacks;
  /** With a point; else it is empty. */
  readonly content: PointContent;
  /** The digest of the anchor, when that is left out since the other side should have it, or what it is made of. */
  readonly leftOut?: string | undefined;
  /** What the hub wants: with each message of the hub. */
  readonly terms?: Terms | undefined;
  /** With a point, why it proposes what it does; with `nothing`, why it is not taken: in a sentence, for people to read. */
  readonly why?: string | undefined;
  /**
   * As it is sent: it is not said before this resolves, and not at all when it rejects. Its content may be on its way
   * before, as that alone says nothing.
   */
  readonly kept?: Promise<void> | undefined;
}

/** The answer to a point whose anchor was left out, and is not here. */
interface Lacks {
  readonly type: 'lacks';
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
   * Goes on with the run from a checkpoint that stands alone, as soon as there is a thread for it. One that is asked
   * for before is at its end.
   *
   * The handle's `suspend` also takes it out of the queue; then its checkpoint is the one that was given. A host may
   * suspend a run by itself, which counts as a point. What it suspends with is as `onPoint` is told.
   * @param onPoint told of points that are passed, at least every `everyMs` of execution: as differences to `checkpoint`,
   *   or to the last whole one that was told of, or whole.
   * @throws Error when it can never go on with it.
   */
  execute(checkpoint: Uint8Array, onPoint: (checkpoint: Uint8Array) => void, everyMs: number): RunHandle;
  /**
   * Looks at what came from the other side, before anything is done with it: whether each checkpoint can be read, is of
   * this run, and has no other limits and grants than it should. At the hub, one that has is the provider's fault.
   * @param isEnd Whether it is said to be the end of the run: then a result must be there.
   * @returns why not; undefined if all is well.
   */
  refuses(content: PointContent, isEnd: boolean): string | undefined;
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
  /** Whether something of this run is not yet on its way: then nothing is said again. */
  readonly isSending: boolean;
}

/** What is done with checkpoints: `CHECKPOINTS`. A test has simpler ones. */
export interface Checkpoints {
  /** What can be read of one that this process made, or that its host did not refuse. */
  glance(checkpoint: Uint8Array): { readonly base: string | undefined; readonly fuel: number };
  /** Names it: what `base` names. */
  digest(checkpoint: Uint8Array): string;
  /** What a difference and its anchor make. The same bytes on both sides. */
  whole(difference: Uint8Array, anchor: Uint8Array): Uint8Array;
}
