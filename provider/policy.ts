import type { Bytes, Limits } from '../runtime/index.js';

const MiB = 1024 * 1024;

/** What a provider lets one hub have, and all of them together. */
export interface ProviderPolicy {
  /** The most that a run may use; a task that asks for more has these, and its hub is told. */
  readonly limits: Limits;
  /** The same for a run that moves here: it stands still when others wait, and holds nobody up. One that asks for more is refused. */
  readonly movedLimits: Limits;
  /** Runs that a session may have unanswered. */
  readonly window: number;
  /** Their events together, as `runBytes` counts. More than the largest event that is to be taken. */
  readonly queuedBytes: Bytes;
  /** Tasks of a session. */
  readonly tasks: number;
  /** Components of a session together. */
  readonly componentBytes: Bytes;
  /** Replicated state of a session: keys and values, and `PROTOCOL_BOUNDS.stateEntryBytes` for each. */
  readonly stateBytes: Bytes;
  /** Runs of a hub that have moved here and are not over. */
  readonly migrations: number;
  /**
   * Versions of tasks that the hub has configured before and not now, of which such runs go on: each keeps a component
   * installed that no configuration counts.
   */
  readonly oldVersions: number;
  /** What is kept of those together: checkpoints as they are in memory. As much may wait to be kept. */
  readonly stubBytes: Bytes;
  /** Messages of a session in a second; those beyond wait on the wire until the next. */
  readonly messagesPerSecond: number;
  /** Sessions at once. */
  readonly sessions: number;
  /** Connections at once, also of those who have not said who they are. */
  readonly connections: number;
  /** Components of all hubs together, on disk; what no session uses goes first. */
  readonly storeBytes: Bytes;
  /** The same as they are prepared to be executed, which takes some times as much. */
  readonly preparedBytes: Bytes;
  /** Uploads that are not complete, of all hubs together; what nobody goes on with, and has not for longest, goes first. */
  readonly uploadBytes: Bytes;
}

const RUN_LIMITS: Limits = {
  /** Minutes of hot code: what is longer should be able to stand still. */
  fuel: 1_000_000_000_000,
  memoryBytes: 512 * MiB,
  deadlineMs: 10 * 60_000,
  /** Fits into one message with the rest of an outcome. */
  outputBytes: 4 * MiB,
  /** As JSON it may take six times that. */
  logBytes: MiB / 4,
};

/** For a machine with 4 GiB that serves a few houses. */
export const DEFAULT_POLICY: ProviderPolicy = {
  limits: RUN_LIMITS,
  /** A night of hot code. */
  movedLimits: { ...RUN_LIMITS, fuel: 100_000_000_000_000, deadlineMs: 24 * 3_600_000 },
  /** Two threads' work for some milliseconds, and a line of 50 ms in front of it. */
  window: 256,
  queuedBytes: 32 * MiB,
  tasks: 256,
  componentBytes: 256 * MiB,
  stateBytes: 64 * MiB,
  migrations: 64,
  /** One for each of a house's long tasks, and a few that were deployed again and again. */
  oldVersions: 16,
  stubBytes: 512 * MiB,
  /** A hub that sends each run by itself comes to some thousand. */
  messagesPerSecond: 20_000,
  sessions: 32,
  connections: 64,
  storeBytes: 2_048 * MiB,
  preparedBytes: 4_096 * MiB,
  uploadBytes: 1_024 * MiB,
};

/** Bounds that no operator needs to change, each with its reason. */
export const PROVIDER_BOUNDS = {
  /** A run that took this long counts as one that others would have to wait for. */
  longRunMs: 10,
  /** Runs that the speed is measured by are at least this long: shorter ones measure the clock. */
  measuredRunMs: 0.5,
  /** What a replica's file may have besides what is live before it is written anew. */
  replicaSlackBytes: 1 * MiB,
  /** Replicas that a thread holds open. */
  openReplicas: 64,
  /** How long unfinished uploads are kept for a hub that is gone: an evening's outage. */
  keptUploadMs: 12 * 3_600_000,
  /** What is left of a component that was being prepared when the provider was killed: none takes so long. */
  unfinishedMs: 3_600_000,
  /** How long its state is kept: it is in memory, and sent anew within seconds. */
  keptReplicaMs: 10 * 60_000,
  /** What bytes that wait may keep in memory besides themselves: as much as a message of many small runs has. */
  sharedBytes: 64 * 1024,
  /** How long runs that moved here are kept for a hub that does not come back: who is away for longer goes on alone. */
  keptStubMs: 24 * 3_600_000,
  /** A run of which nothing but its name has come is forgotten after so long. */
  emptyMigrationMs: 30_000,
  /** How long a run that moved here executes while others wait: a run of a second is not to wait much longer. */
  stretchMs: 500,
  /** Runs that were given up, of which it is remembered in a session that they are not here. */
  givenUp: 1_024,
  /** Outcomes in one message. */
  outcomesBytes: 1 * MiB,
  /** A link that takes no more than this is slow: outcomes wait until it has taken some. */
  bufferedBytes: 8 * MiB,
  /** One that takes none of it, and goes on asking, is let go: every thread may have an outcome more than the above. */
  mostBufferedBytes: 64 * MiB,
  /** Lines of one kind that an operator is shown in a second: who comes again and again fills no log. */
  linesPerSecond: 20,
  /** How long a provider that was told to stop lets runs end. */
  drainMs: 10_000,
  /** Hubs that may be registered, and invitations that are open. */
  hubs: 1_024,
  invitations: 64,
  /** How long a join token is good that nobody uses: it lies in a terminal, a chat, a shell's history. */
  invitationMs: 24 * 3_600_000,
  mostInvitationMs: 30 * 24 * 3_600_000,
} as const;

/** The limits that a task has here: what it asks for, and no more than the most. */
export function cappedLimits(asked: Limits, most: Limits): Limits {
  const least = (name: keyof Limits): number => Math.min(asked[name], most[name]);
  return {
    fuel: least('fuel'),
    memoryBytes: least('memoryBytes'),
    deadlineMs: least('deadlineMs'),
    outputBytes: least('outputBytes'),
    logBytes: least('logBytes'),
  };
}

/** The first limit that a task asks too much of, in words; undefined when it fits. */
export function limitFault(asked: Limits, most: Limits): string | undefined {
  for (const name of LIMIT_NAMES) {
    if (asked[name] > most[name]) return `${name} must be at most ${most[name]} at this provider: it is ${asked[name]}`;
  }
  return undefined;
}

const LIMIT_NAMES = ['fuel', 'memoryBytes', 'deadlineMs', 'outputBytes', 'logBytes'] as const;
