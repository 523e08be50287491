/**
 * The composition root: has the parts of a hub made, room by room (`composition/`), starts them, and closes them in reverse.
 */
import type { BrokerLink, MessageHandler } from './broker-link.js';
import { BrokerError, SessionFilters } from './broker/index.js';
import {
  deployFirst,
  LateParts,
  makeChanges,
  makeDeployments,
  makeExecution,
  makeFailures,
  makeIntake,
  makeLongRuns,
  makeLooking,
  makeQueues,
  makeWriting,
  openFoundation,
  Releases,
  type FoundationOptions,
  type Looking,
  type OpenCheckpoints,
  type Rooms,
  type Surroundings,
} from './composition/index.js';
import { noCounts, type Counts } from './counts.js';
import { withinMs } from './deadline.js';
import { earlierVersions, Topics, type Deployments } from './deployments/index.js';
import { ShapingMemory } from './intake/index.js';
import { HUB_BOUNDS } from './limits.js';
import type { Migrations } from './migration/index.js';
import type { Observer } from './observations.js';
import type { CurrentRuns } from './parking/index.js';
import type { DeployedTask } from './registry/index.js';
import { openState } from './store/index.js';
import { monotonicTimer, type Timer } from './timer.js';

export interface HubOptions extends FoundationOptions {
  /** Default: files that a thread writes. */
  readonly openCheckpoints?: OpenCheckpoints;
  /** Task folders, or folders of task folders: beside what was deployed to this hub. */
  readonly taskDirs: readonly string[];
  /**
   * Connects to the broker, however long it takes, until the signal says to give up; messages may come at once. `onReleased` is
   * told of those at QoS 2 that will not come again.
   */
  readonly connect: (
    onMessage: MessageHandler,
    onReleased: (packetId: number) => void,
    signal: AbortSignal,
  ) => Promise<BrokerLink>;
  /** How the broker is called in observations: a URL without secrets. */
  readonly brokerName: string;
  /** What waiting events wait by. Default: the process's monotonic clock. */
  readonly timer?: Timer;
  /** The time zone of timers that do not name one. Default: the machine's. */
  readonly zone?: string;
  /** A new id for each event, also over restarts. */
  readonly newEventId: () => string;
  /** A whole number below 2^53 for each run. */
  readonly newSeed: () => number;
  readonly observe: Observer;
  /** How long a start waits for the broker. Default: `HUB_BOUNDS.brokerMs`. */
  readonly brokerMs?: number;
  /** Default: `HUB_BOUNDS.drainMs`. */
  readonly drainMs?: number;
}

export interface Hub extends Looking {
  /** Kept up to date. */
  readonly counts: Readonly<Counts>;
  readonly tasks: readonly DeployedTask[];
  /** Runs that wait or run. */
  readonly runs: number;
  /** Tasks that come, change and go while it runs. */
  readonly deployments: Deployments;
  /** Runs that have begun and are not over. */
  readonly currentRuns: CurrentRuns;
  /** Those of them that move between this hub and its providers. */
  readonly migrations: Migrations;
  /**
   * Resolves when the hub cannot go on, as its store fails, or as a broker that was away at the start turns it away: it is to be
   * closed, and started again.
   */
  readonly failed: Promise<Error>;
  /** Resolves when the broker sends the events that the tasks of the start want; never, if it does not. */
  readonly subscribed: Promise<void>;
  /**
   * Takes no more events, finishes what it holds within `drainMs`, and closes
   * everything. Answers with the number of runs it did not finish, which those
   * of an event at QoS 1 begin anew at the next start. Idempotent.
   */
  close(): Promise<number>;
}

/**
 * Starts a hub. When it resolves, all tasks that could be deployed are, and
 * the broker has been asked for their events, or is away: then it is asked when it is there, and what the hub has to do
 * without it goes on meanwhile.
 *
 * @throws StoreError, RuntimeError or BrokerError when a part cannot start; those that did are closed again.
 */
export async function createHub(options: HubOptions): Promise<Hub> {
  const releases = new Releases();
  try {
    return await start(options, releases);
  } catch (error) {
    await releases.all(options.log);
    throw error;
  }
}

async function start(options: HubOptions, releases: Releases): Promise<Hub> {
  const { dataDir, openCheckpoints, taskDirs, zone, newEventId, newSeed } = options;
  const observers = [options.observe];
  const around: Surroundings = {
    placement: options.placement,
    counts: noCounts(),
    observe: (observation) => {
      for (const each of observers) each(observation);
    },
    timer: options.timer ?? monotonicTimer,
    clock: options.clock,
    log: options.log,
    late: new LateParts(),
  };
  // Until all are made, nothing happens but that tasks are deployed.
  const foundation = await openFoundation(options, releases);
  const queues = makeQueues({ around, foundation });
  const tasks = await deployFirst({ around, foundation, queues, dataDir, taskDirs });
  const writing = makeWriting({ around, foundation }, releases);
  const failures = makeFailures({ around, queues, writing });
  const long = makeLongRuns({ around, foundation, queues, writing, dataDir, openCheckpoints }, releases);
  const base = { around, foundation, queues, writing, failures, long };
  const eventsIn = makeIntake({ ...base, zone, newEventId, newSeed });
  const execution = makeExecution({ ...base, eventsIn });
  const made = { ...base, tasks, eventsIn, execution };
  const rooms: Rooms = { ...made, changing: makeChanges(made) };
  around.late.bind({ ...eventsIn, ...execution, ...long, ...rooms.changing });
  const looking = makeLooking({ ...rooms, dataDir });
  observers.push((observation) => looking.control.note(observation));
  const begun = await begin(options, rooms, releases);
  let closed: Promise<number> | undefined;
  return {
    ...looking,
    counts: around.counts,
    get tasks() {
      return queues.registry.tasks;
    },
    failed: writing.failed,
    subscribed: begun.subscribed,
    get runs() {
      return eventsIn.dispatch.runs;
    },
    deployments: begun.deployments,
    migrations: long.migrations,
    currentRuns: long.current,
    close: () => (closed ??= close(options, { ...rooms, ...begun }, releases)),
  };
}

/** What is there once the hub has begun. */
interface Begun {
  readonly subscribed: Promise<void>;
  readonly memory: ShapingMemory;
  readonly deployments: Deployments;
}

/** All is made, and begins: first what an earlier hub has left, then what is new. */
async function begin(options: HubOptions, rooms: Rooms, releases: Releases): Promise<Begun> {
  const { placement, observe, timer, clock, log } = rooms.around;
  const { file, store, components, runtime } = rooms.foundation;
  const { registry, scheduler } = rooms.queues;
  const { writing, long, tasks, changing } = rooms;
  const { deliveries, dispatch, intake, schedules } = rooms.eventsIn;
  const { found } = long;
  const begun = [...found.moves, ...found.points];
  const earlier = await earlierVersions({ begun, registry, runtime, components, log });
  for (const task of earlier.values()) changing.changes.takeUp(task);
  await tasks.retireComponents();
  rooms.failures.quarantine.resume(registry.tasks, store.quarantines());
  placement?.whenRoom(() => scheduler.pump());
  changing.place();
  releases.add(() => writing.link.close());
  const connected = writing.link.connect((signal) =>
    options.connect(
      (message) => intake.receive(message),
      (packetId) => deliveries.released(packetId),
      signal,
    ),
  );
  // It is told through `subscribed`, unless the start fails before.
  connected.catch(() => undefined);
  writing.outbox.start();
  intake.resume(store.unfinished(), { retries: store.retries(), ...found, earlier });
  changing.changes.check();
  long.start();
  const { shapers } = dispatch;
  const memory = new ShapingMemory({ shapers, store, tasks: () => registry.tasks, clock, timer, log });
  releases.add(() => memory.close());
  memory.start();
  releases.add(() => schedules.stop());
  schedules.update(registry.tasks);
  const link = new SessionFilters({ link: writing.link, store, log });
  const subscriptions = registry.subscriptions();
  // What the tasks want then: some may have come or gone while the broker was away.
  const subscribed = connected.then(() => link.begin(registry.subscriptions()));
  const subscribedAtLast = new Promise<void>((resolve) => void subscribed.then(resolve, () => undefined));
  const isBrokerThere = await withinMs(options.brokerMs ?? HUB_BOUNDS.brokerMs, subscribed);
  if (!isBrokerThere) subscribed.catch((error: unknown) => turnedAway(error, rooms));
  observe({
    kind: 'started',
    broker: options.brokerName,
    tasks: registry.tasks.length,
    filters: subscriptions.map(({ filter }) => filter),
    ...(isBrokerThere ? {} : { isBrokerAway: true }),
  });
  const reader = openState({ file });
  releases.add(() => reader.close());
  const topics = new Topics(link, log, subscriptions);
  return { subscribed: subscribedAtLast, memory, deployments: makeDeployments({ ...rooms, topics, reader }) };
}

/** A broker that was away at the start is there, and does not take this hub: as at a start, it ends. */
function turnedAway(error: unknown, { around, writing }: Rooms): void {
  if (error instanceof BrokerError && error.code === 'closed') return;
  const what = error instanceof BrokerError ? 'the broker does not take this hub' : 'the broker could not be asked';
  around.log.fatal({ err: error }, what);
  writing.fail(error instanceof Error ? error : new Error(String(error)));
}

/** See `Hub.close`. */
async function close({ drainMs }: HubOptions, rooms: Rooms & Begun, releases: Releases): Promise<number> {
  const { observe, log } = rooms.around;
  const { scheduler } = rooms.queues;
  const { dispatch, intake, schedules } = rooms.eventsIn;
  const { executor, drained } = rooms.execution;
  const { journal, outbox } = rooms.writing;
  const { retries, quarantine } = rooms.failures;
  const { long, memory } = rooms;
  schedules.stop();
  intake.stop();
  const deployed = rooms.deployments.close();
  // What waits in shaping was acknowledged: it is run now rather than lost.
  dispatch.flush();
  retries.stop();
  quarantine.stop();
  const stubsKept = long.migrations.stop();
  long.parking.stop();
  scheduler.pump();
  observe({ kind: 'draining', runs: dispatch.runs });
  await withinMs(drainMs ?? HUB_BOUNDS.drainMs, drained.wait());
  await withinMs(HUB_BOUNDS.closeMs, deployed);
  await stubsKept;
  const left = scheduler.isQuiet ? dispatch.unkept : dispatch.runs;
  executor.stop();
  await withinMs(HUB_BOUNDS.closeMs, long.points.settled());
  // What these runs publish goes to the link, as far as it is on disk, before the link closes.
  await journal.settle();
  memory.keepAll(left === 0);
  outbox.stop();
  await releases.all(log);
  observe({ kind: 'stopped', left });
  return left;
}
