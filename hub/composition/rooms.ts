/** The parts of a hub, by the function of this folder that makes them; each room gets what it needs of those before it. */
import type { Runtime } from '../../runtime/index.js';
import type { LateLink } from '../broker/index.js';
import type { Counts } from '../counts.js';
import type { DeadLetters } from '../dead-letters/index.js';
import type { DeployParts, KeptComponents, KeptTasks, TaskChanges } from '../deployments/index.js';
import type { Drained, Executor, Outbox } from '../execution/index.js';
import type { Deliveries, Dispatch, Intake, Lanes } from '../intake/index.js';
import type { Devices, Journal } from '../journal/index.js';
import type { Logger } from '../log.js';
import type { OwnPublishes } from '../loops/index.js';
import type { Migrations } from '../migration/index.js';
import type { Observer } from '../observations.js';
import type { CurrentRuns, KeptPoints, Parking, ThreadLooks } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import type { Placement } from '../placement/index.js';
import type { Quarantine } from '../quarantine/index.js';
import type { Registry } from '../registry/index.js';
import type { RetryWaits } from '../retries/index.js';
import type { Scheduler } from '../scheduler/index.js';
import type { Schedules } from '../schedules/index.js';
import type { RecordArchive, Store, StoredMove, StoredPoint } from '../store/index.js';
import type { Timer } from '../timer.js';
import type { LateParts } from './late-parts.js';

/** In the order in which they are made. */
export interface Rooms {
  readonly around: Surroundings;
  /** Of `openFoundation`. */
  readonly foundation: Foundation;
  /** Of `makeQueues`. */
  readonly queues: Queues;
  /** Of `deployFirst`. */
  readonly tasks: FirstTasks;
  /** Of `makeWriting`. */
  readonly writing: Writing;
  /** Of `makeFailures`. */
  readonly failures: Failures;
  /** Of `makeLongRuns`. */
  readonly long: LongRuns;
  /** Of `makeIntake`. */
  readonly eventsIn: EventsIn;
  /** Of `makeExecution`. */
  readonly execution: Execution;
  /** Of `makeChanges`. */
  readonly changing: Changing;
}

/** Placement, as far as a hub needs it. */
export type HubPlacement = Pick<
  Placement,
  | 'over'
  | 'gateOf'
  | 'note'
  | 'contradictions'
  | 'deployed'
  | 'whenRoom'
  | 'linksFor'
  | 'elsewhere'
  | 'waitsFor'
  | 'privateTopics'
>;

/** What parts of every room are given. */
export interface Surroundings {
  /** Without it, all runs execute here. */
  readonly placement: HubPlacement | undefined;
  readonly counts: Counts;
  readonly observe: Observer;
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly log: Logger;
  readonly late: LateParts;
}

/** What a hub stands on. */
export interface Foundation {
  /** The store's. */
  readonly file: string;
  readonly store: Store;
  readonly archive: RecordArchive;
  /** Whether records of runs are kept. */
  readonly keepsRecords: boolean;
  readonly components: KeptComponents;
  /** Executes runs, wherever they are placed. */
  readonly runtime: Runtime;
}

/** The tasks, and where their runs wait for their turn. */
export interface Queues {
  readonly registry: Registry;
  readonly scheduler: Scheduler<PendingRun>;
  readonly lanes: Lanes;
}

/** The tasks that a hub has when it starts. */
export interface FirstTasks {
  /** Those that were deployed to this hub. */
  readonly kept: KeptTasks;
  /** Keeps a component as long as runs of it may be executed again, or go on. */
  readonly keepComponent: DeployParts['keep'];
  /** Components that no task has any more are kept for replays only, and not for ever. */
  readonly retireComponents: () => Promise<void>;
}

/** What is written, and what leaves once it is on disk. */
export interface Writing {
  readonly devices: Devices;
  readonly journal: Journal;
  readonly outbox: Outbox;
  /** By which it leaves: not connected yet. */
  readonly link: LateLink;
  /** The hub cannot go on. */
  readonly fail: (error: Error) => void;
  /** See `Hub`. */
  readonly failed: Promise<Error>;
}

/** What becomes of runs that fail, and of tasks that keep failing. */
export interface Failures {
  readonly retries: RetryWaits;
  readonly quarantine: Quarantine;
}

/** What lets runs that take long stand still, outlive the hub, and move. */
export interface LongRuns {
  readonly parking: Parking;
  readonly looks: ThreadLooks;
  readonly points: KeptPoints;
  readonly migrations: Migrations;
  readonly current: CurrentRuns;
  /** What an earlier hub has left of them. */
  readonly found: { readonly points: readonly StoredPoint[]; readonly moves: readonly StoredMove[] };
  /** Lets runs move. Those that were found must have been taken up. */
  start(): void;
}

/** Where events come from, and how they get to where their runs wait. */
export interface EventsIn {
  readonly ownPublishes: OwnPublishes;
  readonly deliveries: Deliveries;
  readonly dispatch: Dispatch;
  readonly intake: Intake;
  readonly schedules: Schedules;
  readonly letters: DeadLetters;
}

/** What has runs executed, and says when none is left. */
export interface Execution {
  readonly executor: Executor;
  readonly drained: Drained;
}

/** What puts tasks in force and takes them out, and whom that concerns. */
export interface Changing {
  readonly changes: TaskChanges;
  /** Has placement look at the tasks that there are, and at what they may have kept. */
  readonly place: () => void;
}
