/** The composition root: constructs the parts of a hub, starts them, and closes them in reverse. */
import { join } from 'node:path';
import { withinMs } from './deadline.js';
import { Control } from './control/index.js';
import { DeadLetters } from './dead-letters/index.js';
import {
  Deliveries,
  Dispatch,
  Intake,
  isWaiting,
  Lanes,
  type QueueOfTask,
  ShapingMemory,
  waitingEvents,
} from './intake/index.js';
import {
  Deployments,
  type DeployParts,
  deployTasks,
  earlierVersions,
  emptyBucket,
  KeptTasks,
  TaskChanges,
  type TaskListener,
  Topics,
} from './deployments/index.js';
import { DEVICES_BUCKET } from './devices-bucket.js';
import { Drained, Executor, Outbox } from './execution/index.js';
import type { BrokerLink, MessageHandler, OutgoingMessage } from './broker-link.js';
import { noCounts, type Counts } from './counts.js';
import type { Observer } from './observations.js';
import { openFoundation, type FoundationOptions } from './foundation.js';
import { Devices, Journal } from './journal/index.js';
import { LateLink, SessionFilters } from './broker/index.js';
import { HUB_BOUNDS } from './limits.js';
import { longRuns, type LongRunsParts } from './long-runs.js';
import { OwnPublishes } from './loops/index.js';
import type { Migrations } from './migration/index.js';
import { Resumabilities, type CurrentRuns } from './parking/index.js';
import type { PendingRun } from './pending-run.js';
import type { Placement } from './placement/index.js';
// Not through the door of its folder, which brings sessions with providers along.
import { LearntBuckets } from './placement/learnt-buckets.js';
import { Quarantine } from './quarantine/index.js';
import { RetryWaits } from './retries/index.js';
import { Registry, type DeployedTask } from './registry/index.js';
import { Releases } from './releases.js';
import { RunHistory } from './records/index.js';
import { Scheduler } from './scheduler/index.js';
import { Schedules } from './schedules/index.js';
import { Backups, openState, StateView } from './store/index.js';
import { monotonicTimer, type Timer } from './timer.js';

export interface HubOptions extends FoundationOptions {
  /** Opens the folder of checkpoints, of which those wanted stay. Default: files that a thread writes. */
  readonly openCheckpoints?: NonNullable<LongRunsParts['openCheckpoints']>;
  /** Task folders, or folders of task folders: beside what was deployed to this hub. */
  readonly taskDirs: readonly string[];
  /** Lets runs execute at providers as well. Without it, all execute here. */
  readonly placement?: Pick<
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
  /** Connects to the broker; messages may come at once. `onReleased` is told of those at QoS 2 that will not come again. */
  readonly connect: (onMessage: MessageHandler, onReleased: (packetId: number) => void) => Promise<BrokerLink>;
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
  /** Default: `HUB_BOUNDS.drainMs`. */
  readonly drainMs?: number;
}

export interface Hub {
  /** Kept up to date. */
  readonly counts: Readonly<Counts>;
  readonly tasks: readonly DeployedTask[];
  /** Runs that wait or run. */
  readonly runs: number;
  readonly control: Control;
  /** Tasks that come, change and go while it runs. */
  readonly deployments: Deployments;
  readonly backups: Backups;
  /** Runs that have begun and are not over. */
  readonly currentRuns: CurrentRuns;
  /** Those of them that move between this hub and its providers. */
  readonly migrations: Migrations;
  readonly resumabilities: Resumabilities;
  /** What waits for each task, and the state, for who looks. */
  readonly view: View;
  /** Undefined when no records are kept. */
  readonly history: RunHistory | undefined;
  /** Resolves when the hub cannot go on, as its disk fails: it is to be closed, and started again. */
  readonly failed: Promise<Error>;
  /**
   * Takes no more events, finishes what it holds within `drainMs`, and closes
   * everything. Answers with the number of runs it did not finish, which those
   * of an event at QoS 1 begin anew at the next start. Idempotent.
   */
  close(): Promise<number>;
}

interface View {
  readonly queue: readonly QueueOfTask[];
  /** Events that are with the broker until there is room in the hub. */
  readonly heldForRoom: number;
  /** Whether a run waits that has not begun. */
  isWaiting(runId: string): boolean;
  readonly state: StateView;
}

/**
 * Starts a hub. When it resolves, all tasks that could be deployed are, and
 * the broker has been asked for their events.
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
  const { dataDir, clock, log, timer = monotonicTimer, placement } = options;
  const observers = [options.observe];
  const observe: Observer = (observation) => {
    for (const each of observers) each(observation);
  };
  const counts = noCounts();
  const foundation = await openFoundation(options, releases);
  const { file, store, components, runtime, keepsRecords } = foundation;

  const registry = new Registry();
  const scheduler = new Scheduler<PendingRun>({
    slots: () => runtime.idleSlots,
    start: (job) => executor.start(job),
    threads: { haveRoom: () => looks.haveRoom(), areHeld: () => looks.areHeld() },
    expiry: { isOver: (run) => dispatch.isOver(run), drop: (run) => dispatch.drop(run, 'expired') },
  });
  // Without it a run cannot be executed again, which is no reason not to execute it.
  const keep = async (digest: string, component: Uint8Array): Promise<void> => {
    if (!keepsRecords && placement === undefined) return;
    await components.keep(digest, component).catch((error: unknown) => {
      log.warn({ err: error, digest }, 'a component could not be kept: its runs cannot be replayed');
    });
  };
  const isInForce = (task: DeployedTask): boolean => registry.get(task.manifest.name) === task;
  const lanes = new Lanes(
    (lane) => scheduler.createLane(lane),
    placement && ((task, ready) => placement.gateOf(task, ready)),
    placement && ((lane) => migrations.awayIn(lane)),
  );
  const kept = await KeptTasks.open(dataDir);
  const deploying: DeployParts = {
    runtime,
    registry,
    observe,
    keep,
    isKept: (name) => kept.has(name),
    shadowed: (task, source) => log.warn({ task, source }, 'left out, as a task of this name was deployed to this hub'),
  };
  // Those that were deployed come first: of two with one name, the first counts.
  for (const dirs of [kept.folders, options.taskDirs])
    for await (const task of deployTasks(dirs, deploying)) lanes.add(task);
  const retireComponents = async (): Promise<void> => {
    const wanted = [...registry.tasks, ...lanes.leavingTasks];
    const deployed = new Set(wanted.map(({ installed }) => installed.digest));
    await components.retireAllBut(deployed).catch((error: unknown) => {
      log.warn({ err: error }, 'components of earlier tasks could not be looked through');
    });
  };

  const madeRoom = (): void => {
    intake.roomMade();
    schedules.roomMade();
    drained.check();
  };
  const lateLink = new LateLink();
  const publish: BrokerLink['publish'] = (message) => lateLink.publish(message);
  let tellFailure: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => (tellFailure = resolve));
  const devices = new Devices({ timer, flush: () => journal.flush() });
  releases.add(() => devices.close());
  const journal = new Journal({
    store,
    log,
    clock,
    devices,
    released: (group) => outbox.released(group),
    lettersDropped: (letters) => {
      counts.lettersDropped += letters;
      observe({ kind: 'dead-letters-dropped', letters });
    },
    changed: (changes, results) => placement?.note(changes, results),
    failed: (error) => {
      log.fatal(
        { err: error },
        'the disk no longer keeps what is written: nothing is acknowledged or published any more',
      );
      tellFailure(error);
    },
  });
  releases.add(() => journal.close());
  const outbox = new Outbox({ store, journal, publish, counts, observe, clock });
  const deliveries = new Deliveries(store.deliveries());
  const dispatch = new Dispatch({
    scheduler,
    lanes,
    journal,
    counts,
    observe,
    timer,
    clock,
    quarantine: {
      isHeld: (task) => quarantine.isHeld(task),
      get held() {
        return quarantine.held;
      },
    },
    cancel: (task, key) => executor.cancel(task, key),
    giveUp: (task, key) => executor.giveUp(task, key),
    madeRoom,
  });
  const retries = new RetryWaits({
    timer,
    clock,
    due: (job) => {
      scheduler.unpark(job);
      scheduler.pump();
    },
  });
  const quarantine = new Quarantine({
    journal,
    timer,
    clock,
    counts,
    observe,
    // What a version does that was replaced says nothing of the one in force.
    admit: (task, runs) => (isInForce(task) ? lanes.get(task)?.admit(runs) : undefined),
    released: () => scheduler.pump(),
  });
  const long = longRuns(
    {
      dataDir,
      openCheckpoints: options.openCheckpoints,
      store,
      journal,
      runtime,
      scheduler,
      placement,
      keepsRecords,
      timer,
      clock,
      observe,
      log,
      ended: (job, result) => executor.endParked(job, result),
      left: () => runsEnded([]),
    },
    releases,
  );
  const { parking, looks, migrations } = long;
  const ownPublishes = new OwnPublishes(timer);
  const intake = new Intake({
    ...options,
    quarantine,
    observe,
    timer,
    registry,
    scheduler,
    dispatch,
    ownPublishes,
    journal,
    deliveries,
    retries,
    parking,
    migrations,
    devices,
    counts,
  });
  const { zone = Intl.DateTimeFormat().resolvedOptions().timeZone } = options;
  const schedules = new Schedules({ intake, journal, clock, timer, zone, counts, observe, log }, store.schedules());
  const letters = new DeadLetters({ store, journal, intake });
  const control = new Control({
    registry,
    lanes,
    dispatch,
    intake,
    scheduler,
    schedules,
    quarantine,
    letters,
    counts,
    clock,
  });
  observers.push((observation) => control.note(observation));
  // What waits for its next attempt, or in a quarantine, waits for longer than a hub that is to stop.
  const drained = new Drained(() => (scheduler.isQuiet ? 0 : dispatch.runs));
  const learnt = new LearntBuckets({ store, privateTopics: placement?.privateTopics ?? [], log });
  const place = (): void => {
    const manifests = registry.tasks.map(({ manifest }) => manifest);
    learnt.look(manifests, lanes.leavingTasks.length === 0);
    placement?.deployed(registry.tasks, learnt.buckets);
  };
  /** Told of each task that comes, changes or goes. */
  const taskListeners: TaskListener[] = [
    () => devices.want(registry.tasks.some(readsDevices)),
    () => schedules.update(registry.tasks),
    () => void retireComponents(),
    () => place(),
    (name, task) => {
      parking.taskChanged(name, task);
      migrations.taskChanged(name, task);
      changes.check();
    },
  ];
  devices.want(registry.tasks.some(readsDevices));
  const changes = new TaskChanges({
    registry,
    lanes,
    dispatch,
    intake,
    scheduler,
    runtime,
    observe,
    timer,
    clock,
    listeners: taskListeners,
    takeWaiting: (task, lane) => executor.takeWaiting(task, lane),
    replaced: (task) => quarantine.replaced(task),
  });
  const runsEnded = (runs: readonly PendingRun[]): void => {
    dispatch.ended(runs);
    changes.check();
    madeRoom();
  };
  // What wakes nobody here is not to come back.
  const willPublish = (message: OutgoingMessage, { chain, task }: PendingRun): void => {
    if (registry.match(message.topic).length > 0) ownPublishes.note(message, [...chain, task.manifest.name]);
  };
  const executor = new Executor({
    runtime,
    parking,
    threads: looks,
    journal,
    outbox,
    scheduler,
    willPublish,
    counts,
    observe,
    log,
    records: keepsRecords,
    clock,
    retries,
    ran: ({ task }, how, probe) => (isInForce(task) ? quarantine.ended(task, how, probe) : undefined),
    waits: (run) => dispatch.waits(run),
    runsEnded,
  });
  const { moves } = long.found;
  const earlier = await earlierVersions({ moves, registry, runtime, components, log });
  for (const task of earlier.values()) changes.takeUp(task);
  await retireComponents();
  quarantine.resume(registry.tasks, store.quarantines());
  const history = new RunHistory({
    archive: foundation.archive,
    components,
    flush: () => journal.flushRecords(),
    unrecorded: () => journal.unrecorded,
  });
  placement?.whenRoom(() => scheduler.pump());
  place();
  const connecting = lateLink.connect(() =>
    options.connect(
      (message) => intake.receive(message),
      (packetId) => deliveries.released(packetId),
    ),
  );
  outbox.start();
  intake.resume(store.unfinished(), { retries: store.retries(), ...long.found, earlier });
  changes.check();
  long.start();
  const memory = new ShapingMemory({
    shapers: dispatch.shapers,
    store,
    tasks: () => registry.tasks,
    clock,
    timer,
    log,
  });
  releases.add(() => memory.close());
  memory.start();
  releases.add(() => schedules.stop());
  schedules.update(registry.tasks);
  const link = new SessionFilters({ link: await connecting, store, log });
  releases.add(() => link.close());
  const subscriptions = registry.subscriptions();
  await link.begin(subscriptions);
  observe({
    kind: 'started',
    broker: options.brokerName,
    tasks: registry.tasks.length,
    filters: subscriptions.map(({ filter }) => filter),
  });

  const reader = openState({ file });
  releases.add(() => reader.close());
  const deployments = new Deployments({
    registry,
    lanes,
    changes,
    kept,
    topics: new Topics(link, log, subscriptions),
    keep,
    runtime,
    purge: async (bucket) => {
      const keys = await emptyBucket(bucket, { reader, journal });
      // What was private in it is gone.
      place();
      return keys;
    },
    contradictions: (tasks) => placement?.contradictions(tasks) ?? [],
    observe,
  });

  const close = async (): Promise<number> => {
    schedules.stop();
    intake.stop();
    const deployed = deployments.close();
    // What waits in shaping was acknowledged: it is run now rather than lost.
    dispatch.flush();
    retries.stop();
    quarantine.stop();
    const stubsKept = migrations.stop();
    parking.stop();
    scheduler.pump();
    observe({ kind: 'draining', runs: dispatch.runs });
    await withinMs(options.drainMs ?? HUB_BOUNDS.drainMs, drained.wait());
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
  };
  let closed: Promise<number> | undefined;
  return {
    counts,
    get tasks() {
      return registry.tasks;
    },
    failed,
    get runs() {
      return dispatch.runs;
    },
    control,
    deployments,
    backups: new Backups(store, dataDir),
    resumabilities: new Resumabilities({
      registry,
      component: (digest) => components.find(digest),
      cacheDir: join(dataDir, 'components'),
    }),
    migrations,
    currentRuns: long.current,
    view: {
      get queue() {
        const waitsFor = placement && ((task: string) => placement.waitsFor(task));
        return waitingEvents({ registry, lanes, dispatch, intake, waitsFor, clock });
      },
      isWaiting: (runId) => isWaiting(runId, { registry, lanes }),
      get heldForRoom() {
        return intake.heldForRoom;
      },
      state: new StateView(file),
    },
    history: keepsRecords ? history : undefined,
    close: () => (closed ??= close()),
  };
}

function readsDevices({ manifest }: DeployedTask): boolean {
  return Object.values(manifest.grants.buckets).some(({ id }) => id === DEVICES_BUCKET);
}
