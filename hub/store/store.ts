import type { Listed, QoS, Read } from '../../runtime/index.js';
import type { BucketUsage } from './bucket-usage.js';
import type { RunRecord } from './run-record.js';

/** A change to one key of a bucket: the new value, or undefined for "no longer there". */
export interface Write {
  readonly bucket: string;
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** A run that an event woke, as the inbox keeps it. */
export interface StoredRun {
  readonly task: string;
  readonly seed: number;
}

/** An event as the inbox keeps it: enough to begin its runs anew, as they were begun. */
export interface StoredEvent {
  readonly id: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly arrivedAtMs: number;
  /** What its runs see as now. */
  readonly clockMs: number;
  readonly runs: readonly StoredRun[];
  /** The tasks whose publishes led to it, as text; absent when there are none. */
  readonly chain?: string;
}

/** Events that were received in one turn of the event loop: one row. */
export interface InboxGroup {
  /** Grows with each group, also over restarts. */
  readonly id: number;
  readonly events: readonly StoredEvent[];
}

/** Which run of the inbox: its group, and its number among all runs of the group's events. */
export interface RunPlace {
  readonly group: number;
  readonly run: number;
}

/** A message of the broker that was stored, by what is seen again if the broker sends it again. */
export interface Delivery {
  readonly packetId: number;
  /** Of topic and payload, below 2^32. */
  readonly fingerprint: number;
}

/** Where a message comes from. */
export interface Origin {
  /** The effect's: the same however often it is published. */
  readonly id: string;
  readonly source: string;
  readonly timeMs: number;
  /** The tasks whose publishes led to it, as text; absent when it is not known. */
  readonly chain?: string;
}

/** A message as the outbox keeps it. */
export interface StoredMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly origin: Origin;
}

/** Messages that were committed in one turn of the event loop: one row. */
export interface OutboxGroup {
  readonly id: number;
  readonly messages: readonly StoredMessage[];
}

/** A message that the broker will not take. */
export interface DeadMessage {
  readonly message: StoredMessage;
  readonly reason: string;
  readonly atMs: number;
}

/** What the shaping of a trigger remembers, in times of the machine's clock. */
export interface StoredShaping {
  readonly task: string;
  /** The trigger's: no other of the task has it. */
  readonly filter: string;
  /** How it shapes, as a text that is equal for equal rules. */
  readonly rules: string;
  readonly keys: readonly {
    readonly key: string;
    readonly value: string | undefined;
    readonly openAtMs: number | undefined;
  }[];
  readonly seen: readonly (readonly [text: string, atMs: number])[];
}

/** How far a timer of a task has come. */
export interface StoredSchedule {
  readonly task: string;
  readonly timer: string;
  /** When it fires, as a text that is equal for equal rules: another rule begins anew. */
  readonly rule: string;
  /** Firings scheduled up to then are dealt with: they are in the inbox, or were not to be. */
  readonly dealtMs: number;
  /** When the last one was scheduled that fired. */
  readonly firedMs: number | undefined;
  /** How often the clock was set back so far that its moments come again: what makes their ids others. */
  readonly turn: number;
  /** Up to where firings had been dealt with when it was; undefined when the clock has come there again. */
  readonly furthestMs: number | undefined;
}

/** A schedule as it is from now on; undefined for "no longer there". */
export interface ScheduleChange {
  readonly task: string;
  readonly timer: string;
  readonly schedule: StoredSchedule | undefined;
}

/** A run that waits for its next attempt, has begun it, or goes again as others wrote what it had read. */
export interface StoredRetry {
  readonly place: RunPlace;
  /** The number of that attempt. */
  readonly attempt: number;
  /** When it is due, which is also what it sees as now: milliseconds since 1970 (UTC). */
  readonly dueAtMs: number;
  /** Executions of that attempt that came to their end, each after others had written what it read. */
  readonly executions: number;
}

/** A version of a task, as it was deployed: runs that have begun end on it, whichever the next start finds. */
export interface BegunVersion {
  /** Of its component. */
  readonly digest: string;
  /** What its task.toml says. */
  readonly toml: string;
}

/** The last point of execution of a run that goes on: what it is resumed from after a restart. */
export interface StoredPoint {
  readonly place: RunPlace;
  readonly attempt: number;
  /** Names the checkpoint, which is a file beside the store. */
  readonly digest: string;
  /** Names the file that it is the difference to; undefined when it stands alone. */
  readonly base: string | undefined;
  /** What the run had used. */
  readonly fuel: number;
  /** When it was taken: milliseconds since 1970 (UTC). */
  readonly atMs: number;
  /** What the run was given, as a text that is equal for equal things: with another it cannot go on. */
  readonly fits: string;
  /** Undefined for one that nobody kept. */
  readonly version: BegunVersion | undefined;
  /** Whether it stands still until somebody lets it go on. */
  readonly byHand: boolean;
}

/** What is held of a run that moves between this hub and a provider. */
export interface StoredMove {
  readonly place: RunPlace;
  readonly attempt: number;
  /** Names the migration, at both sides. */
  readonly id: string;
  readonly provider: string;
  /** See `StoredPoint`. */
  readonly fits: string;
  readonly version: BegunVersion | undefined;
  /** Name checkpoints, which are files beside the store. */
  readonly anchor: string | undefined;
  readonly difference: string | undefined;
  /** Who executes it and all else that is known, as a text of `migration/`. */
  readonly stub: string;
}

/** A run that was given up. */
export interface RunLetter {
  /** Its event, with the run among its `runs`: enough to begin it anew. */
  readonly event: StoredEvent;
  readonly task: string;
  readonly outcome: string;
  readonly attempts: number;
  readonly atMs: number;
  /** What else is known of it, for people: JSON. */
  readonly evidence: string;
}

/** Names a dead letter: a run that was given up, or a message that the broker will not take. */
export interface LetterId {
  readonly kind: 'run' | 'message';
  readonly number: number;
}

/** A dead letter without what is large in it. */
export interface LetterSummary {
  readonly id: LetterId;
  readonly atMs: number;
  /** For a message, the task that published it. */
  readonly task: string;
  readonly topic: string;
  readonly payloadBytes: number;
  /** How a run ended, or why the broker will not take the message. */
  readonly reason: string;
  /** Of a run; 0 for a message. */
  readonly attempts: number;
}

export type DeadLetter =
  | { readonly kind: 'run'; readonly summary: LetterSummary; readonly event: StoredEvent; readonly evidence: string }
  | { readonly kind: 'message'; readonly summary: LetterSummary; readonly message: StoredMessage };

/** What is known of a task that fails; see `quarantine/breaker.ts`. */
export interface StoredQuarantine {
  readonly task: string;
  readonly version: string;
  readonly digest: string;
  readonly failures: number;
  readonly trips: number;
  /** Milliseconds since 1970 (UTC); undefined while its runs start. */
  readonly untilMs: number | undefined;
}

/** What a finished run read and wants to happen. */
export interface StateChange {
  readonly reads: readonly Read[];
  readonly listed?: readonly Listed[] | undefined;
  /** In the order in which the run asked for them; the last one of a key counts. */
  readonly writes: readonly Write[];
  readonly messages?: readonly StoredMessage[];
  /** The run is over with this change, unless nothing of it was applied. Absent for a run that the inbox does not hold. */
  readonly ends?: RunPlace | undefined;
  /** The run goes again. */
  readonly retries?: StoredRetry | undefined;
  /** The run goes on, and has come to this point. */
  readonly point?: StoredPoint | undefined;
  /** The run begins anew: the point it had come to no longer counts. */
  readonly dropsPoint?: RunPlace | undefined;
  /** The run moves. */
  readonly move?: StoredMove | undefined;
  /** The run moves no more. */
  readonly dropsMove?: RunPlace | undefined;
  /** The run is given up. */
  readonly letter?: RunLetter | undefined;
  /** The dead letter that its message was, if it is not refused. */
  readonly revives?: LetterId | undefined;
  /** Kept with the change, unless it is a conflict. Of a change that is refused, as a run that has failed. */
  readonly record?: RunRecord | undefined;
}

export type ChangeResult =
  | { readonly kind: 'committed' }
  /** A key it read was written since: nothing of it was applied. */
  | { readonly kind: 'conflict'; readonly bucket: string; readonly key: string }
  /** It would break a bound: nothing of it was applied, and the run is not over. */
  /** A key it read was written since: nothing of it was applied. Without a key: one of those it listed came or went. */
  | { readonly kind: 'conflict'; readonly bucket: string; readonly key?: string }
  /** It would break a bound: nothing of it was applied. */
  | { readonly kind: 'refused'; readonly message: string };

/** The last message of a topic. */
export interface Seen {
  readonly topic: string;
  /** Undefined for one that is not kept. */
  readonly payload: Uint8Array | undefined;
}

/** What else belongs into the transaction. */
export interface Also {
  readonly received?: InboxGroup | undefined;
  /** Of the messages that `received` came from. */
  readonly deliveries?: readonly Delivery[];
  /** Outbox groups that the broker has. */
  readonly sent?: readonly number[];
  readonly dead?: readonly DeadMessage[];
  /** Of timers, whose firings are in `received`. */
  readonly schedules?: readonly ScheduleChange[];
  /** Dead letters that are no longer to be kept. */
  readonly discarded?: readonly LetterId[];
  readonly quarantines?: readonly StoredQuarantine[];
  /** For the bucket `devices`, which is emptied before if `clear`. */
  readonly devices?: { readonly clear: boolean; readonly seen: readonly Seen[] };
  /** Of runs for which nothing else is to be kept. */
  readonly records?: readonly RunRecord[];
  /** When this happens, in milliseconds since 1970 (UTC). Needed where something is recorded. */
  readonly atMs?: number;
}

export interface Committed {
  /** One for each change. */
  readonly results: readonly ChangeResult[];
  /** The messages of the changes that were committed, if there are any. */
  readonly outbox: OutboxGroup | undefined;
  /** Dead letters that went as there were too many. */
  readonly lettersDropped: number;
}

/** Runs of a group that are not over. */
export interface UnfinishedGroup extends InboxGroup {
  isOver(run: number): boolean;
}

/**
 * Where state, inbox and outbox are kept.
 *
 * **Visible, then durable.** What `commit` has done can be read at once, by
 * every connection, and survives the end of the process. It survives the end
 * of the machine's power when a `durable()` that was called afterwards has
 * resolved. Whatever the world outside is told must wait for that; the hub's
 * own work need not, as it would be lost together with what it was built on.
 */
export interface Store {
  /**
   * Applies what several runs want, one after the other, in one transaction.
   * Answers when what was committed can be read. It waits for no disk.
   * @throws StoreError when nothing at all could be written.
   */
  commit(changes: readonly StateChange[], also?: Also): Committed;
  /**
   * Resolves when all that was committed before the call is on disk.
   * @throws StoreError 'sync-failed', from then on for every call.
   */
  durable(): Promise<void>;
  /** Set while it is better not to commit, for some milliseconds; resolves when it is over. */
  readonly paused: Promise<void> | undefined;
  /** How full a bucket is, with all that was committed. */
  usageOf(bucket: string): BucketUsage;
  /** Runs that were begun or waited when an earlier hub ended, in the order of arrival; to be gone through at once, and once. */
  unfinished(): Iterable<UnfinishedGroup>;
  /** Deliveries that a broker may repeat, oldest first. */
  deliveries(): readonly Delivery[];
  /** A number for the next inbox group. */
  nextInboxId(): number;
  /** What shaping remembered, and whether nothing has come since. */
  shaping(): { readonly memories: readonly StoredShaping[]; readonly isComplete: boolean };
  /**
   * Keeps what shaping remembers, in a transaction of its own.
   * @param isComplete Whether these are all that there are, and nothing will come any more; no other is kept then.
   * @throws StoreError when it could not be written.
   */
  keepShaping(memories: readonly StoredShaping[], isComplete: boolean): void;
  /** How far each timer has come. */
  schedules(): readonly StoredSchedule[];
  /** Messages that were not sent, oldest first: groups after `after`, up to `upTo`. */
  unsent(range: { readonly after: number; readonly upTo: number; readonly limit: number }): readonly OutboxGroup[];
  /** The number of the newest outbox group so far. */
  readonly lastOutboxId: number;
  deadMessages(): readonly DeadMessage[];
  /** Buckets that were noted to hold what must not leave the hub, each with a task that may have written it. */
  learntBuckets(): ReadonlyMap<string, string>;
  /** Notes such buckets, besides those that are. @throws StoreError 'write-failed'. */
  noteLearnt(buckets: ReadonlyMap<string, string>): void;
  /** Those that are empty are not any more. @throws StoreError 'write-failed'. */
  forgetEmptyLearnt(): void;
  /** Topic filters that the session with the broker may have. */
  filters(): readonly string[];
  /** @throws StoreError 'write-failed'. */
  changeFilters(change: { readonly add?: readonly string[]; readonly remove?: readonly string[] }): void;
  /** Runs that an earlier hub was to try again. */
  retries(): readonly StoredRetry[];
  /** Points that runs of the inbox had come to. */
  points(): readonly StoredPoint[];
  /** Runs of the inbox that moved when an earlier hub ended. */
  moves(): readonly StoredMove[];
  /** The latest first. */
  deadLetters(which: { readonly task?: string | undefined; readonly limit: number }): readonly LetterSummary[];
  deadLetter(id: LetterId): DeadLetter | undefined;
  quarantines(): readonly StoredQuarantine[];
  /** Writes a copy of everything that is committed to a file that must not exist. @throws StoreError 'backup-failed'. */
  backup(file: string): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

export type StoreErrorCode =
  /** The database could not be opened. */
  | 'open-failed'
  /** Another hub works on the same directory. */
  | 'locked'
  /** A transaction could not be written, for instance as the disk is full. Nothing of it was. */
  | 'write-failed'
  /** The disk did not confirm what was written: nobody knows what of it is there. Only a new start can tell. */
  | 'sync-failed'
  | 'backup-failed'
  | 'view-failed'
  | 'closed';

/** The one error class of the store. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
