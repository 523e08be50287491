import type { Fuel, Grants, Limits, Points, QoS } from '../../runtime/index.js';
import type { JsonPointer } from './json-pointer.js';
import type { OrderingKey } from './ordering-key.js';
import type { TimerRule } from './timer-rule.js';
import type { TopicPattern } from './topic-pattern.js';

/** What a task.toml says, complete: defaults are filled in and units are gone. */
export interface Manifest {
  readonly name: string;
  /** https://semver.org */
  readonly version: string;
  readonly description: string;
  /** Path of the component file, relative to the manifest's folder, which it does not leave. */
  readonly component: string;
  readonly subjects: 'verbatim' | 'dotted';
  /** What finds a memory as an earlier event left it: no event, or those of the same ordering key. */
  readonly isolation: 'event' | 'key';
  /** At least one, in the order of the file. */
  readonly triggers: readonly Trigger[];
  readonly limits: Limits;
  /** Most events that may wait for this task. */
  readonly queue: number;
  readonly overflow: Overflow;
  /** How often in a row the task may be woken, directly or through others, by its own publishes. */
  readonly hops: number;
  readonly schedule: Schedule;
  readonly retry: RetryPolicy;
  readonly quarantine: QuarantinePolicy;
  /** Undefined for a task whose runs are not suspended. */
  readonly resumable: ResumePolicy | undefined;
  readonly grants: Grants;
  readonly config: Readonly<Record<string, string>>;
}

/** What makes a task run. */
export interface Trigger {
  /** What it matches; for a timer its own topic (`timerTopic`), which no broker knows. */
  readonly pattern: TopicPattern;
  /** Set for what the clock wakes, and no message. */
  readonly timer: TimerRule | undefined;
  /** What the hub subscribes with. */
  readonly qos: QoS;
  /** Undefined when each event goes on at once. One object for each trigger. */
  readonly shaping: Shaping | undefined;
}

/** Which of a trigger's events go on to a run, and when, for each key. The stages apply in this order. */
export interface Shaping {
  /** Retained messages, which the broker sends on subscribing, do not go on. */
  readonly ignoreRetained: boolean;
  readonly dedupe: Dedupe | undefined;
  /** Only events in which the value at this place differs from the last one's go on. */
  readonly onChange: JsonPointer | undefined;
  readonly debounce: Debounce | undefined;
  readonly throttle: Throttle | undefined;
  /** An event takes the place of an earlier one of the key that still waits for its run. */
  readonly latest: boolean;
}

interface Dedupe {
  readonly windowMs: number;
  /** What two events must have in common to be equal. */
  readonly by: 'payload' | JsonPointer;
}

export interface Debounce {
  readonly waitMs: number;
  /** At least `waitMs`; undefined for no bound. */
  readonly maxWaitMs: number | undefined;
}

/** At least one of the two edges is true. */
export interface Throttle {
  readonly everyMs: number;
  readonly leading: boolean;
  readonly trailing: boolean;
}

/**
 * What happens when as many events wait for a task as may: the new one becomes a dead letter, the one that waited
 * longest goes, the new one goes, or the new one stays with the broker.
 */
type Overflow = 'dead-letter' | 'drop-oldest' | 'drop-newest' | 'reject';

/**
 * What an event does while an earlier one of its key has not been dealt with:
 * it waits its turn (`queued`), is dropped (`single`), takes the place of one
 * that waits (`latest`), also stops the one that runs (`restart`), or runs
 * beside it (`parallel`).
 */
type Mode = 'queued' | 'single' | 'latest' | 'restart' | 'parallel';

interface Schedule {
  /** 0 to 9; 9 is most urgent. */
  readonly priority: number;
  /** Most runs at once; undefined for as many as there are threads. */
  readonly concurrency: number | undefined;
  readonly key: OrderingKey;
  readonly mode: Mode;
  /** An event that has waited this long is not run any more; undefined for no bound. */
  readonly ttlMs: number | undefined;
}

/** How often a run that fails is tried again, and when. */
export interface RetryPolicy {
  /** At least 1. */
  readonly attempts: number;
  /** The wait before the second attempt; it doubles with each further one. */
  readonly backoffMs: number;
  /** At least `backoffMs`. */
  readonly maxBackoffMs: number;
  /** No attempt is made this long after the hub took the event. */
  readonly maxAgeMs: number;
}

/** When a task that keeps failing is held, and for how long. */
export interface QuarantinePolicy {
  /** Runs given up one after the other; 0 for never. */
  readonly failures: number;
  readonly coolDownMs: number;
  /** At least `coolDownMs`. */
  readonly maxCoolDownMs: number;
}

/** How runs of a task are suspended and kept. */
export interface ResumePolicy {
  readonly points: Points;
  /** A run is kept on disk at least this often while it executes. */
  readonly everyMs: number;
  /** And when it has used so much since; undefined for time alone. */
  readonly everyFuel: Fuel | undefined;
  readonly onNewVersion: NewVersionPolicy;
}

/** What becomes of runs that have begun on the version before. */
type NewVersionPolicy = 'finish-on-old' | 'cancel' | 'restart-on-new';
