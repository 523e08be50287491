/** What the hub sees happen, for whoever shows or counts it. */
import type { Effect, LogLine, Outcome, QoS, TaskEvent, Usage } from '../runtime/index.js';
import type { OutgoingMessage } from './broker-link.js';
import type { FoldReason } from './shaping/index.js';

/** Why an event, or a run of it, was refused for good. */
export type RefusalReason =
  /** No deployed task has a trigger for its topic. */
  | 'no-task'
  | 'payload-too-large'
  /** The task already has as many waiting as its manifest allows. */
  | 'task-queue-full'
  /** The hub holds as much as it may; only at QoS 0: the broker keeps the rest. */
  | 'hub-queue-full'
  /** The hub is shutting down; only at QoS 0, the rest stays the broker's. */
  | 'stopping';

/** Why an event that was taken comes to no run of a task. */
export type DropReason =
  | FoldReason
  /** A later one took its place before it was run (`latest`). */
  | 'superseded'
  /** A later one took its place before it was run, and stopped the one that ran (`mode = "restart"`). */
  | 'restarted'
  /** One of its key was waiting or running (`mode = "single"`). */
  | 'busy'
  /** It had waited for the task's `ttl`. */
  | 'expired'
  /** The task's queue was full and it had waited longest (`overflow = "drop-oldest"`). */
  | 'overflow'
  /** It came of the task's own publishes, as often in a row as its `hops` allow. */
  | 'loop'
  /** Its task was removed before it was run. */
  | 'removed'
  /** The task has a new version, which has no trigger for it. */
  | 'no-trigger'
  /** Its task is in quarantine, and others needed the room: it is a dead letter. */
  | 'quarantined';

/** Why a task is no longer quarantined. */
export type ReleaseReason =
  /** Its probe completed. */
  | 'recovered'
  /** Its version or its component is another. */
  | 'changed'
  | 'by-hand';

/** Why a run stands still. */
export type ParkReason =
  /** One that is more urgent waited, and no thread was free. */
  | 'priority'
  /** Until somebody lets it go on. */
  | 'by-hand'
  /** For a moment, as somebody takes its checkpoint. */
  | 'saving'
  /** The hub is told to stop: it goes on with the next start. */
  | 'stopping'
  /** It begins anew on a new version of its task. */
  | 'new-version';

/** One thing that happened. */
export type Observation =
  | {
      readonly kind: 'task-loaded';
      readonly task: string;
      readonly version: string;
      /** sha256 of the component, in hex. */
      readonly digest: string;
      readonly componentBytes: number;
      readonly imports: readonly string[];
      readonly filters: readonly string[];
    }
  /** No event wakes it any more. */
  | { readonly kind: 'task-removed'; readonly task: string; readonly version: string }
  | { readonly kind: 'task-refused'; readonly source: string; readonly problems: readonly string[] }
  /** Events are asked for and may come. `broker` is where devices find it: a URL without secrets. */
  | {
      readonly kind: 'started';
      readonly broker: string;
      readonly tasks: number;
      readonly filters: readonly string[];
      /** Events come when it is there. */
      readonly isBrokerAway?: true;
    }
  | {
      readonly kind: 'event-received';
      readonly eventId: string;
      readonly topic: string;
      readonly payloadBytes: number;
      readonly qos: QoS;
      readonly atMs: number;
      /** Names of the tasks that have a trigger for it. */
      readonly tasks: readonly string[];
    }
  | {
      readonly kind: 'event-refused';
      readonly topic: string;
      readonly payloadBytes: number;
      readonly reason: RefusalReason;
      /** The task that does not run for it; absent when none does. */
      readonly task?: string;
      /** It is a dead letter, and can be sent back. */
      readonly isKept?: true;
    }
  /** There is no room: the event stays unacknowledged until there is, and is received then. */
  | {
      readonly kind: 'event-held';
      readonly topic: string;
      readonly payloadBytes: number;
      /** The task that rejects what it has no room for; absent when it is the hub that is full. */
      readonly task?: string;
    }
  /** Nothing more is read from the broker: as much as may be is unacknowledged. */
  | { readonly kind: 'intake-paused'; readonly events: number; readonly bytes: number }
  /** Half of it is acknowledged. */
  | { readonly kind: 'intake-resumed'; readonly events: number; readonly bytes: number }
  | {
      readonly kind: 'event-dropped';
      readonly eventId: string;
      readonly topic: string;
      readonly task: string;
      readonly reason: DropReason;
      /** The event that was taken instead. */
      readonly by?: string;
      /** The tasks whose publishes led to it, the last one last; for a loop. */
      readonly chain?: readonly string[];
    }
  /** Firings of a timer that are not to be: the hub was away, or the clock was set forward, or there was no room. */
  | {
      readonly kind: 'firings-missed';
      readonly task: string;
      readonly timer: string;
      readonly count: number;
      /** Whether there were more than were counted. */
      readonly orMore: boolean;
      /** When the last of them was scheduled. */
      readonly lastMs: number;
      /** Those after them that happen now. */
      readonly caughtUp: number;
    }
  /** What the run read was overwritten while it ran: it runs again. */
  | {
      readonly kind: 'run-repeated';
      readonly runId: string;
      readonly task: string;
      readonly attempt: number;
      /** Executions of this attempt so far. */
      readonly executions: number;
      readonly bucket: string;
      /** Absent when it was the list of the bucket's keys. */
      readonly key?: string;
    }
  /** An attempt failed, and had no effect: the run goes again. */
  | {
      readonly kind: 'run-retried';
      readonly runId: string;
      readonly task: string;
      readonly event: TaskEvent;
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly usage: Usage;
      readonly log: readonly LogLine[];
      readonly droppedLogLines: number;
      /** Until the next attempt. */
      readonly waitMs: number;
    }
  /** It stands still, and has had no effect; others have its thread. */
  | {
      readonly kind: 'run-parked';
      readonly runId: string;
      readonly task: string;
      readonly reason: ParkReason;
      /** What it has used so far. */
      readonly fuel: number;
    }
  /** It goes on where it stood. */
  | {
      readonly kind: 'run-resumed';
      readonly runId: string;
      readonly task: string;
      readonly fuel: number;
      /** Whether it is a start of the hub that it was parked before, or killed at. */
      readonly fromEarlierHub: boolean;
    }
  /** Where it stood is of no use any more: it begins anew, and does what it would have done. */
  | {
      readonly kind: 'run-restarted';
      readonly runId: string;
      readonly task: string;
      readonly reason: string;
      /** What is lost. */
      readonly fuel: number;
    }
  /** The disk has how far it has come: from there it goes on after a restart. */
  | {
      readonly kind: 'run-checkpointed';
      readonly runId: string;
      readonly task: string;
      readonly fuel: number;
      readonly bytes: number;
    }
  /** It executes at another place from now on, or the link with its provider was lost, or is there again. */
  | {
      readonly kind: 'run-moved';
      readonly runId: string;
      readonly task: string;
      readonly provider: string;
      readonly what: 'there' | 'here' | 'link-lost' | 'linked';
      readonly epoch: number;
      readonly point: number;
      /** In a sentence. */
      readonly why: string;
    }
  /** It takes long and is not to be parked for those that wait: its thread is its own, and they get another. */
  | { readonly kind: 'run-set-apart'; readonly runId: string; readonly task: string; readonly heldMs: number }
  /** It was given up after it had finished, and is kept as a dead letter. */
  | { readonly kind: 'run-buried'; readonly runId: string; readonly task: string; readonly attempts: number }
  /** There were too many dead letters: the oldest went. */
  | { readonly kind: 'dead-letters-dropped'; readonly letters: number }
  /** Too many of its runs in a row were given up, or its probe was: its events wait until `untilMs`, then one is tried. */
  | {
      readonly kind: 'task-quarantined';
      readonly task: string;
      readonly failures: number;
      /** How often in a row. */
      readonly trips: number;
      /** Milliseconds since 1970 (UTC). */
      readonly untilMs: number;
    }
  | { readonly kind: 'task-released'; readonly task: string; readonly reason: ReleaseReason }
  | {
      readonly kind: 'run-finished';
      readonly runId: string;
      readonly task: string;
      readonly event: TaskEvent;
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly usage: Usage;
      /** What was committed: empty unless the outcome is completed. */
      readonly effects: readonly Effect[];
      readonly log: readonly LogLine[];
      readonly droppedLogLines: number;
      /** From the event's arrival to the commit. */
      readonly totalMs: number;
    }
  /** Handed to the broker link. */
  | { readonly kind: 'published'; readonly runId: string; readonly task: string; readonly message: OutgoingMessage }
  | {
      readonly kind: 'publish-failed';
      readonly runId: string;
      readonly task: string;
      readonly topic: string;
      readonly message: string;
    }
  /** Told to stop: no more events are taken, these runs are finished first. */
  | { readonly kind: 'draining'; readonly runs: number }
  /** `left` runs were not finished in time; what was not acknowledged is still the broker's. */
  | { readonly kind: 'stopped'; readonly left: number };

/** Is told what happens, synchronously and in order; it returns at once and does not throw. */
export type Observer = (observation: Observation) => void;
