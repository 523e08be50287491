/** What is kept of a run that is over: enough to look at it later, and to execute it again. */
import type {
  Bytes,
  Effect,
  Grants,
  KeyPage,
  Limits,
  LogLine,
  Outcome,
  Read,
  TaskEvent,
  Usage,
} from '../../runtime/index.js';

/** What the runs of a task's version were given. One object for each version that a hub has deployed. */
export interface TaskVersion {
  readonly name: string;
  readonly version: string;
  /** sha256 of the component, in hex. */
  readonly component: string;
  /** What counted the fuel: `INSTRUMENTATION_VERSION` of the runtime. */
  readonly instrumentation: string;
  readonly subjects: 'verbatim' | 'dotted';
  readonly isolation: 'event' | 'key';
  readonly limits: Limits;
  readonly grants: Grants;
  readonly config: Readonly<Record<string, string>>;
}

export interface RunRecord {
  /** The event's id and the task's name. */
  readonly runId: string;
  readonly task: TaskVersion;
  readonly event: TaskEvent;
  /** Executions of it; what follows is of the last one. */
  readonly attempt: number;
  readonly clockMs: number;
  readonly seed: number;
  /** Where it was executed: "local" is this hub. */
  readonly where: string;
  readonly outcome: Outcome;
  /** How the execution itself ended, where the hub made another outcome of it. */
  readonly executed?: Outcome | undefined;
  /** What was committed: empty unless the outcome is completed. */
  readonly effects: readonly Effect[];
  /** With their values. */
  readonly reads: readonly Read[];
  readonly pages: readonly KeyPage[];
  readonly log: readonly LogLine[];
  readonly droppedLogLines: number;
  readonly usage: Usage;
  /** When it was given to the runtime for its last attempt, in milliseconds since 1970 (UTC). */
  readonly startedAtMs: number;
  /** Why it cannot be executed again; undefined when it can. */
  readonly notReplayable?: string | undefined;
}

/** A record as it was found. */
export interface StoredRecord extends RunRecord {
  /** When it was committed, in milliseconds since 1970 (UTC). */
  readonly committedAtMs: number;
}

/** How much is kept; what is beyond either is forgotten, oldest first. */
export interface RecordBounds {
  /** 0 keeps none. */
  readonly bytes: Bytes;
  readonly ageMs: number;
}
