/** The messages of a session. Types only; `decode-*.ts` reads them, `encode.ts` writes them, README.md explains them. */
import type {
  Bytes,
  Effect,
  Fuel,
  Grants,
  KeyPage,
  Limits,
  Listed,
  LogLine,
  Outcome,
  Points,
  Read,
  RunResult,
  TaskEvent,
  Usage,
} from '../../runtime/index.js';
import type { ProtocolErrorCode } from './errors.js';
import type { MigrationMessage } from './migration/ports.js';

/** A task as a hub wants it executed. */
export interface TaskSpec {
  /** The hub's name for it. */
  readonly name: string;
  /** sha256 of its component, in hex. */
  readonly digest: string;
  /** Size of that component. */
  readonly bytes: Bytes;
  readonly limits: Limits;
  readonly grants: Grants;
  readonly config: Readonly<Record<string, string>>;
  readonly subjects: 'verbatim' | 'dotted';
  /** Where in its code its runs can stand still; undefined for a task that is not resumable. Fuel is the same either way. */
  readonly resumable?: Points | undefined;
}

/** A change of one key, at a revision of the hub's state. */
export interface StateEntry {
  readonly bucket: string;
  readonly key: string;
  /** The version that reads of it come back with. */
  readonly version: number;
  /** Undefined for a key that is gone. */
  readonly value: Uint8Array | undefined;
}

/** A run on its way to the provider. */
export interface RemoteRun {
  /** The run's number in this session; each is used once. */
  readonly n: number;
  readonly task: string;
  readonly runId: string;
  readonly attempt: number;
  /** Grows each time that the run is placed anew. */
  readonly epoch: number;
  readonly event: TaskEvent;
  readonly clockMs: number;
  readonly seed: number;
  /** The state that it may see at least; 0 for a run without buckets. */
  readonly revision: number;
  /** Whether its outcome is to have what it read. */
  readonly recordReads: boolean;
}

/** How a run ended at the provider. */
export interface RemoteOutcome {
  readonly n: number;
  readonly epoch: number;
  readonly outcome: Outcome;
  readonly effects: readonly Effect[];
  readonly reads: readonly Read[];
  /** Buckets whose keys it listed; absent when it listed none. */
  readonly listed: readonly Listed[] | undefined;
  /** With `recordReads`: the lists of keys that it was given, and why values or lists are missing. */
  readonly pages: readonly KeyPage[] | undefined;
  readonly unrecorded: string | undefined;
  readonly log: readonly LogLine[];
  readonly droppedLogLines: number;
  /** Limits that the guest has found out about: see `RunResult.noticed`. Absent when there are none. */
  readonly noticed?: readonly (keyof Limits)[] | undefined;
  readonly usage: Usage;
  /** How long it waited at the provider before it was begun. */
  readonly queuedMs: number;
}

/** One message about a run that moves, in either direction. Its checkpoints came before it, in pieces. */
export interface Move extends Pick<MigrationMessage, 'id' | 'task' | 'message' | 'leftOut' | 'terms' | 'why'> {
  readonly type: 'move';
  /** How the run ended, with the point that says `end`. */
  readonly result: RunResult | undefined;
  /** Of the hub: the state that the run may see at least; absent for any that there is. */
  readonly revision?: number | undefined;
  /** How long they are, packed; 0 for none. */
  readonly anchorBytes: Bytes;
  readonly differenceBytes: Bytes;
}

/** A part of a packed checkpoint. The next one of the same migration goes on where it ends. */
export interface Piece {
  readonly type: 'piece';
  /** The migration's. */
  readonly id: string;
  readonly of: 'anchor' | 'difference';
  readonly offset: Bytes;
  readonly total: Bytes;
  readonly bytes: Uint8Array;
}

/** A piece of a provider's work that the hub plans with. */
export interface Capacity {
  readonly threads: number;
  /** Measured at the provider's start; 0 when it is not known. */
  readonly fuelPerSecond: number;
  /** The class of the machine, in its operator's word, such as "server"; undefined when it was not given one. */
  readonly device?: string | undefined;
}

export type HubMessage =
  | {
      readonly type: 'hello';
      readonly version: number;
      /** The hub's public key: Ed25519, 32 bytes. */
      readonly key: Uint8Array;
      readonly nonce: Uint8Array;
      /** How the hub is called in the provider's log. */
      readonly name: string;
      /** Of the transcript, by the hub's key: 64 bytes. */
      readonly signature: Uint8Array;
      /** HMAC-SHA256 of the transcript with the secret of a join token, while the provider does not know the key. */
      readonly join: Uint8Array | undefined;
      /** Which run of the hub's program the revisions of its state count in. */
      readonly stateEpoch: string;
    }
  | {
      readonly type: 'configure';
      /** Grows with each configuration, which replaces the one before as a whole. */
      readonly config: number;
      readonly tasks: readonly TaskSpec[];
    }
  | {
      readonly type: 'proofs';
      readonly config: number;
      /** sha256 of the challenge's nonce followed by the component. */
      readonly proofs: readonly { readonly digest: string; readonly proof: Uint8Array }[];
    }
  | { readonly type: 'chunk'; readonly digest: string; readonly offset: Bytes; readonly bytes: Uint8Array }
  | {
      readonly type: 'state';
      /** The replica is at this revision when the entries have been applied. */
      readonly revision: number;
      /** Whether it begins with nothing. */
      readonly reset: boolean;
      readonly entries: readonly StateEntry[];
      /** Versions of the sets of keys of buckets, once all of their changes have been sent. */
      readonly sets: readonly Listed[];
    }
  | { readonly type: 'runs'; readonly runs: readonly RemoteRun[] }
  | { readonly type: 'cancel'; readonly n: number }
  | Move
  | Piece
  | { readonly type: 'beat'; readonly beat: number }
  | { readonly type: 'drain' }
  | { readonly type: 'close'; readonly code: ProtocolErrorCode | 'done'; readonly message: string };

export type TaskState =
  | { readonly name: string; readonly state: 'ready'; readonly limits: Limits; readonly startFuel: Fuel }
  | { readonly name: string; readonly state: 'refused'; readonly message: string };

export type ProviderMessage =
  | {
      readonly type: 'greeting';
      readonly versions: readonly number[];
      readonly nonce: Uint8Array;
      readonly name: string;
    }
  | {
      readonly type: 'welcome';
      readonly version: number;
      /** Of the transcript, by the provider's key: 64 bytes. */
      readonly signature: Uint8Array;
      readonly heartbeatMs: number;
      readonly leaseMs: number;
      /** Runs that may be unanswered at once. */
      readonly window: number;
      /** What their events may have together, as `runBytes` counts. */
      readonly windowBytes: Bytes;
      /** What the hub's state may have here: values, characters of buckets and keys, and `stateEntryBytes` for each key. */
      readonly stateBytes: Bytes;
      readonly capacity: Capacity;
      /** The revision of this hub's state that the provider still has, of the hello's epoch; 0 for none. */
      readonly revision: number;
      /** What keeps its stubs of runs that move: in memory, they are gone when it ends. */
      readonly stubs: 'disk' | 'memory';
    }
  | {
      readonly type: 'challenge';
      readonly config: number;
      readonly nonce: Uint8Array;
      readonly digests: readonly string[];
    }
  | {
      readonly type: 'wanted';
      readonly config: number;
      /** What is to be uploaded, and from where on. */
      readonly components: readonly { readonly digest: string; readonly offset: Bytes }[];
    }
  | { readonly type: 'stored'; readonly digest: string; readonly bytes: Bytes }
  | { readonly type: 'ready'; readonly config: number; readonly tasks: readonly TaskState[] }
  | { readonly type: 'outcomes'; readonly outcomes: readonly RemoteOutcome[] }
  | Move
  | Piece
  | { readonly type: 'window'; readonly runs: number }
  | {
      readonly type: 'beat';
      readonly beat: number;
      /** What a run of this session would wait if it came now, by the provider's reckoning. */
      readonly queueMs: number;
    }
  | { readonly type: 'draining'; readonly reason: string }
  | { readonly type: 'close'; readonly code: ProtocolErrorCode | 'done'; readonly message: string };

/** What a message is called. */
export type HubMessageType = HubMessage['type'];
