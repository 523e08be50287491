/** The composition root: constructs the parts of a hub, starts them, and closes them in reverse. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Runtime, RuntimeOptions } from '../runtime/index.js';
import { Backups } from './backups.js';
import { withinMs } from './deadline.js';
import { CheckpointFiles } from './checkpoints/index.js';
import { Control } from './control.js';
import { DeadLetters } from './dead-letters/index.js';
import { Deliveries } from './deliveries.js';
import { deployTasks, type DeployParts } from './deploy.js';
import { Deployments, emptyBucket, KeptTasks, TaskChanges, Topics, type TaskListener } from './deployments/index.js';
import { Devices } from './devices.js';
import { DEVICES_BUCKET } from './devices-bucket.js';
import { Dispatch } from './dispatch.js';
import { Drained } from './drained.js';
import {
  noCounts,
  type BrokerLink,
  type Counts,
  type MessageHandler,
  type Observer,
  type OutgoingMessage,
} from './events.js';
import { Executor } from './executor.js';
import { Intake } from './intake.js';
import { Journal } from './journal.js';
import { KeptComponents } from './kept-components.js';
import { Lanes } from './lanes.js';
import { LateLink } from './late-link.js';
import { HUB_BOUNDS, STORE_BOUNDS } from './limits.js';
import type { Logger } from './log.js';
import { OwnPublishes } from './loops/index.js';
import { Outbox } from './outbox.js';
import { Migrations, Selector } from './migration/index.js';
import { CurrentRuns, filesOf, KeptPoints, Parking, Resumabilities, ThreadLooks } from './parking/index.js';
import type { PendingRun } from './pending-run.js';
import type { Placement } from './placement/index.js';
import { Quarantine } from './quarantine/index.js';
import { RetryWaits } from './retries/index.js';
import { affordableRecords } from './record-room.js';
import { Registry, type DeployedTask } from './registry/index.js';
import { RunHistory } from './run-history.js';
import { Scheduler } from './scheduler/index.js';
import { Schedules } from './schedules/index.js';
import { SessionFilters } from './session-filters.js';
import { ShapingMemory } from './shaping-memory.js';
import { openState, openStore, RecordArchive, StateView, type Store } from './store/index.js';
import { monotonicTimer, type Timer } from './timer.js';
import { waitingEvents, type QueueOfTask } from './waiting-events.js';

export interface HubOptions {
  /** Task folders, or folders of task folders: beside what was deployed to this hub. */
  readonly taskDirs: readonly string[];
  /** Where the hub keeps everything; created if need be. */
  readonly dataDir: string;
  /** Threads that run guests. Default: the machine's cores. */
  readonly threads?: number;
  readonly startRuntime: (options: RuntimeOptions) => Promise<Runtime>;
  /** Lets runs execute at providers as well. Without it, all execute here. */
  readonly placement?: Pick<
    Placement,
    'over' | 'gateOf' | 'note' | 'contradictions' | 'deployed' | 'whenRoom' | 'linksFor' | 'elsewhere'
  >;
  /** Opens the store in a file, created if need be. Default: SQLite, with the machine's disk. */
  readonly openStore?: (file: string) => Store;
  /** Connects to the broker; messages may come at once. `onReleased` is told of those at QoS 2 that will not come again. */
  readonly connect: (onMessage: MessageHandler, onReleased: (packetId: number) => void) => Promise<BrokerLink>;
  /** How the broker is called in observations: a URL without secrets. */
  readonly brokerName: string;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** What waiting events wait by. Default: the process's monotonic clock. */
  readonly timer?: Timer;
  /** The time zone of timers that do not name one. Default: the machine's. */
  readonly zone?: string;
  /** A new id for each event, also over restarts. */
  readonly newEventId: () => string;
  /** A whole number below 2^53 for each run. */
  readonly newSeed: () => number;
  readonly observe: Observer;
  readonly log: Logger;
  /** Bytes that records of runs may take on disk; 0 for none. Default: see `affordableRecords`. */
  readonly recordBytes?: number;
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
  readonly state: StateView;
}

/** Something started, and how it is stopped. */
type Release = () => Promise<void> | void;

/**
 * Starts a hub. When it resolves, all tasks that could be deployed are, and
 * the broker has been asked for their events.
 *
 * @throws StoreError, RuntimeError or BrokerError when a part cannot start; those that did are closed again.
 */
export async function createHub(options: HubOptions): Promise<Hub> {
  const releases: Release[] = [];
  try {
    return await start(options, releases);
  } catch (error) {
    await releaseAll(releases, options.log);
    throw error;
  }
}

async function start(options: HubOptions, releases: Release[]): Promise<Hub> {
  const { dataDir, clock, log, timer = monotonicTimer, placement } = options;
  const observers = [options.observe];
  const observe: Observer = (observation) => {
    for (const each of observers) each(observation);
  };
  const counts = noCounts();
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'state.db');
  const records = { ...STORE_BOUNDS.records, bytes: options.recordBytes ?? (await affordableRecords(dataDir)) };
  const store = (options.openStore ?? openStore)(file, { records });
  releases.push(() => store.close());
  const archive = new RecordArchive(file);
  releases.push(() => archive.close());
  const components = new KeptComponents({
    dir: join(dataDir, 'kept-components'),
    ageMs: records.ageMs,
    bytes: STORE_BOUNDS.keptComponentBytes,
    clock,
  });
  const threads = await options.startRuntime({
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    cacheDir: join(dataDir, 'components'),
    state: { module: new URL('./store/reader.js', import.meta.url), options: { file } },
    observe: (observation) => log.warn(observation, 'the runtime lost a thread or a process'),
  });
  const component = (digest: string): Promise<Uint8Array | undefined> => components.find(digest);
  const runtime =
    placement?.over({ local: threads, threads: options.threads ?? availableParallelism(), file, component }) ?? threads;
  releases.push(() => closeRuntime(runtime, log));

  const registry = new Registry();
  const scheduler = new Scheduler<PendingRun>({
    slots: () => runtime.idleSlots,
    start: (job) => executor.start(job),
    threads: { haveRoom: () => looks.haveRoom(), areHeld: () => looks.areHeld() },
    expiry: { isOver: (run) => dispatch.isOver(run), drop: (run) => dispatch.drop(run, 'expired') },
  });
  const keeps = records.bytes > 0;
  // Without it a run cannot be executed again, which is no reason not to execute it.
  const keep = async (digest: string, component: Uint8Array): Promise<void> => {
    if (!keeps && placement === undefined) return;
    await components.keep(digest, component).catch((error: unknown) => {
      log.warn({ err: error, digest }, 'a component could not be kept: its runs cannot be replayed');
    });
  };
  const isInForce = (task: DeployedTask): boolean => registry.get(task.manifest.name) === task;
  const lanes = new Lanes(
    (lane) => scheduler.createLane(lane),
    placement && ((task, ready) => placement.gateOf(task, ready)),
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
    const deployed = new Set(registry.tasks.map(({ installed }) => installed.digest));
    await components.retireAllBut(deployed).catch((error: unknown) => {
      log.warn({ err: error }, 'components of earlier tasks could not be looked through');
    });
  };
  await retireComponents();

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
  releases.push(() => devices.close());
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
  releases.push(() => journal.close());
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
  const storedPoints = store.points();
  const storedMoves = store.moves();
  const moved = storedMoves.flatMap(({ anchor, difference }) => [anchor, difference]);
  const wanted = [...storedPoints.flatMap(filesOf), ...moved.filter((digest) => digest !== undefined)];
  const files = new CheckpointFiles(join(dataDir, 'checkpoints'), new Set(wanted));
  releases.push(() => files.close());
  const durable = (): Promise<void> => store.durable();
  const points = new KeptPoints({ files, journal, durable, clock, observe, log });
  const parking = new Parking({
    runtime,
    scheduler,
    points,
    files,
    moving: {
      has: (job) => migrations.has(job),
      stretchOf: (job) => migrations.stretchOf(job),
      cancel: (runId) => migrations.cancel(runId),
      stopKey: (task, key) => migrations.stopKey(task, key),
      over: (job, goesAgain) => migrations.over(job, goesAgain),
      hold: (task) => migrations.hold(task),
    },
    timer,
    observe,
    log,
    ended: (job, result) => executor.endParked(job, result),
    left: () => runsEnded([]),
  });
  const looks = new ThreadLooks({
    runtime,
    scheduler,
    parking,
    elsewhere: () => placement?.elsewhere ?? 0,
    timer,
    observe,
  });
  releases.push(() => looks.stop());
  const migrations = new Migrations({
    links: (moves) => placement?.linksFor(moves),
    runtime,
    scheduler,
    parking,
    find: (runId) => looks.find(runId) ?? parking.standing.find(({ value }) => value.runId === runId),
    points,
    files,
    journal,
    durable,
    end: (job, result) => executor.endParked(job, result),
    timer,
    clock,
    newId: () => randomBytes(8).toString('hex'),
    records: keeps,
    log,
  });
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
  /** Told of each task that comes, changes or goes. */
  const taskListeners: TaskListener[] = [
    () => devices.want(registry.tasks.some(readsDevices)),
    () => schedules.update(registry.tasks),
    () => void retireComponents(),
    () => placement?.deployed(registry.tasks),
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
    records: keeps,
    clock,
    retries,
    ran: ({ task }, how, probe) => (isInForce(task) ? quarantine.ended(task, how, probe) : undefined),
    waits: (run) => dispatch.waits(run),
    runsEnded,
  });
  quarantine.resume(registry.tasks, store.quarantines());
  const history = new RunHistory({
    archive,
    components,
    flush: () => journal.flushRecords(),
    unrecorded: () => journal.unrecorded,
  });
  placement?.whenRoom(() => scheduler.pump());
  placement?.deployed(registry.tasks);
  const connecting = lateLink.connect(() =>
    options.connect(
      (message) => intake.receive(message),
      (packetId) => deliveries.released(packetId),
    ),
  );
  outbox.start();
  intake.resume(store.unfinished(), { retries: store.retries(), points: storedPoints, moves: storedMoves });
  migrations.start();
  if (migrations.links.areSelected) {
    const selector = new Selector({
      migrations,
      links: migrations.links,
      runs: () => [...new Set([...looks.out, ...migrations.jobs])],
      fuelOf: (job) => parking.seen(job)?.fuel ?? 0,
      pointBytesOf: (job) => {
        const point = points.of(job);
        return point && filesOf(point).reduce((bytes, digest) => bytes + files.bytesOf(digest), 0);
      },
      occupancy: () => runtime.occupancy,
      timer,
    });
    releases.push(() => selector.stop());
  }
  const memory = new ShapingMemory({
    shapers: dispatch.shapers,
    store,
    tasks: () => registry.tasks,
    clock,
    timer,
    log,
  });
  releases.push(() => memory.close());
  memory.start();
  releases.push(() => schedules.stop());
  schedules.update(registry.tasks);
  const link = new SessionFilters({ link: await connecting, store, log });
  releases.push(() => link.close());
  const subscriptions = registry.subscriptions();
  await link.begin(subscriptions);
  observe({
    kind: 'started',
    broker: options.brokerName,
    tasks: registry.tasks.length,
    filters: subscriptions.map(({ filter }) => filter),
  });

  const reader = openState({ file });
  releases.push(() => reader.close());
  const deployments = new Deployments({
    registry,
    lanes,
    changes,
    kept,
    topics: new Topics(link, log, subscriptions),
    keep,
    runtime,
    purge: (bucket) => emptyBucket(bucket, { reader, journal }),
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
    await withinMs(HUB_BOUNDS.closeMs, points.settled());
    // What these runs publish goes to the link, as far as it is on disk, before the link closes.
    await journal.settle();
    memory.keepAll(left === 0);
    outbox.stop();
    await releaseAll(releases, log);
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
    currentRuns: new CurrentRuns({ runtime, parking, threads: looks, migrations, timer }),
    view: {
      get queue() {
        return waitingEvents({ registry, lanes, dispatch, intake, clock });
      },
      get heldForRoom() {
        return intake.heldForRoom;
      },
      state: new StateView(file),
    },
    history: keeps ? history : undefined,
    close: () => (closed ??= close()),
  };
}

function readsDevices({ manifest }: DeployedTask): boolean {
  return Object.values(manifest.grants.buckets).some(({ id }) => id === DEVICES_BUCKET);
}

async function closeRuntime(runtime: Runtime, log: Logger): Promise<void> {
  const inTime = await withinMs(HUB_BOUNDS.closeMs, runtime.close());
  if (!inTime) log.warn('some threads are still busy with runs whose outcome nobody waits for');
}

/** The last one started is stopped first; one that fails to stop does not keep the others. */
async function releaseAll(releases: Release[], log: Logger): Promise<void> {
  for (let release = releases.pop(); release !== undefined; release = releases.pop()) {
    try {
      await release();
    } catch (error) {
      log.error({ err: error }, 'a part of the hub did not stop cleanly');
    }
  }
}
