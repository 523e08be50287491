/**
 * The words a run is described in: what goes in, what comes out.
 *
 * A run is a value in, effects out. Nothing here refers to threads, files or
 * the network, so that the same values serve the hub, a provider and a replay.
 */

/** Executed work, in units of `provision/costs.ts`: a whole number of at most 2^53. */
export type Fuel = number;

/** A number of bytes, whole. */
export type Bytes = number;

/** MQTT quality of service: at most once, at least once, exactly once. */
export type QoS = 0 | 1 | 2;

/** One delivery that wakes a task. */
export interface TaskEvent {
  /** Stable: the same for a redelivery and for every attempt. */
  readonly id: string;
  /** The MQTT topic, as published. */
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** When the hub received it, in milliseconds since 1970 (UTC). */
  readonly arrivedAtMs: number;
  /** What the named captures of the trigger's topic pattern matched. */
  readonly captures: Readonly<Record<string, string>>;
}

/** What a run may use up. Units, defaults and reasons are in `limits.ts`. */
export interface Limits {
  readonly fuel: Fuel;
  /** Over all linear memories and tables of the component. */
  readonly memoryBytes: Bytes;
  readonly deadlineMs: number;
  /** Bytes of all effects of a run. */
  readonly outputBytes: Bytes;
  readonly logBytes: Bytes;
}

/** A bucket as the task names it, and what stands behind the name. */
export interface BucketGrant {
  /** The bucket's name in the store, unique on the hub. */
  readonly id: string;
  readonly access: 'read' | 'read-write';
}

/** What a task may touch; what is not listed is denied. */
export interface Grants {
  /** MQTT topic filters: a publish is allowed when one of them matches its topic. */
  readonly publish: readonly string[];
  /** Buckets by the name that the task opens. */
  readonly buckets: Readonly<Record<string, BucketGrant>>;
}

/** One execution asked of the runtime. */
export interface RunRequest {
  readonly runId: string;
  /** Names an installed component: `InstalledTask.key`. */
  readonly task: string;
  readonly event: TaskEvent;
  /** The first attempt is 1. */
  readonly attempt: number;
  readonly limits: Limits;
  readonly grants: Grants;
  /** What `wasi:config` answers. */
  readonly config: Readonly<Record<string, string>>;
  /** The run's time of start, which its clocks begin at: milliseconds since 1970 (UTC). */
  readonly clockMs: number;
  /** What the run's random numbers are drawn from: a whole number below 2^53. */
  readonly seed: number;
  /**
   * Runs with the same one may find what earlier ones left in memory: see `isolation` in the manifest. Unique over all
   * tasks that a runtime may hold. Undefined, the default, for memory that is fresh for each run.
   */
  readonly isolationKey?: string | undefined;
  /** Maps subjects "a.b.c" to topics "a/b/c" and back, for components written for NATS-style hosts. */
  readonly subjects: 'verbatim' | 'dotted';
  /** Whether the result says what the run read of state, so that it can be executed again without the store. */
  readonly recordReads?: boolean | undefined;
}

/** What a run asks the world for. It happens only when the run completed and was committed. */
export type Effect =
  | {
      readonly kind: 'publish';
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: QoS;
      readonly retain: boolean;
    }
  | {
      readonly kind: 'set';
      readonly bucket: string;
      readonly key: string;
      readonly value: Uint8Array;
    }
  | { readonly kind: 'delete'; readonly bucket: string; readonly key: string };

/** One key a run looked at, with the version it saw: 0 for "there was none". */
export interface Read {
  readonly bucket: string;
  readonly key: string;
  readonly version: number;
  /** With `recordReads`: what it found. Absent for "there was none". */
  readonly value?: Uint8Array | undefined;
}

/** A bucket whose keys a run listed, with the version of the set of keys that it saw: it grows when a key comes or goes. */
export interface Listed {
  readonly bucket: string;
  readonly version: number;
}

/** One answer to `StateSnapshot.keys`. */
export interface KeyPage {
  readonly bucket: string;
  readonly after: string | undefined;
  readonly limit: number;
  readonly keys: readonly string[];
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'critical';

/** Evidence, not an effect: kept whatever the outcome. */
export interface LogLine {
  readonly level: LogLevel;
  readonly context: string;
  readonly message: string;
}

/** Why a guest was stopped by a trap. */
export type TrapReason =
  /** The guest gave up: `unreachable`, an abort, a failed assertion. */
  | 'unreachable'
  | 'memory-out-of-bounds'
  | 'table-out-of-bounds'
  | 'indirect-call'
  | 'arithmetic'
  /** Calls nested deeper than the thread's stack. */
  | 'call-depth'
  /** It broke the canonical ABI: a pointer out of range, an invalid discriminant, a stale handle. */
  | 'abi'
  /** An exception that nothing in the guest caught. */
  | 'exception'
  /** The thread that held the run died. */
  | 'thread-lost';

/** How a run ended. Only `completed` has effects. */
export type Outcome =
  | { readonly kind: 'completed' }
  /** The guest returned an error. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'trapped'; readonly reason: TrapReason; readonly message: string }
  | { readonly kind: 'out-of-fuel' }
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'output-limit'; readonly message: string }
  /** It asked for something it was not granted; the message names it. */
  | { readonly kind: 'denied'; readonly message: string }
  | { readonly kind: 'cancelled' };

/** What a run used up. */
export interface Usage {
  readonly fuel: Fuel;
  /** The most that memories and tables came to. */
  readonly peakMemoryBytes: Bytes;
  /** From the first instruction to the last, host calls included. */
  readonly wallMs: number;
  /** The part of `wallMs` spent in host calls. */
  readonly hostMs: number;
  readonly outputBytes: Bytes;
  readonly logBytes: Bytes;
}

export interface RunResult {
  readonly runId: string;
  /** The provider that executed it; absent for this machine. */
  readonly where?: string | undefined;
  readonly outcome: Outcome;
  /** In the order in which the run asked for them; empty unless it completed. */
  readonly effects: readonly Effect[];
  readonly reads: readonly Read[];
  /** Each bucket once; absent when it listed none. */
  readonly listed?: readonly Listed[] | undefined;
  /** With `recordReads`: the lists of keys that it was given, each once; absent when it was given none. */
  readonly pages?: readonly KeyPage[] | undefined;
  /** With `recordReads`: why values or pages are missing; absent when all are there. */
  readonly unrecorded?: string | undefined;
  readonly log: readonly LogLine[];
  /** Log lines left out because the log limit was reached. */
  readonly droppedLogLines: number;
  /**
   * Limits that the guest has found out about: it was refused memory, or asked how much fuel or time is left. Under
   * other limits it may do something else, and complete all the same. Absent when there are none; of a run that was
   * resumed, since then.
   */
  readonly noticed?: readonly (keyof Limits)[] | undefined;
  readonly usage: Usage;
}
