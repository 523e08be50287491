import { createRuntime } from '../../runtime/index.js';
import {
  backupRoute,
  currentRunRoutes,
  deployingRoutes,
  Followers,
  lookingRoutes,
  migrationRoutes,
  placementRoutes,
  RecentRuns,
  startApi,
  type Api,
} from '../api/index.js';
import { connectBroker, startEmbeddedBroker, withoutSecrets, type EmbeddedBroker } from '../broker/index.js';
import { createHub, type Hub } from '../hub.js';
import { hubIdentity } from '../data-folder/index.js';
import { eventIds, runSeeds } from '../ids.js';
import { createLog, type Logger } from '../log.js';
import { monotonicTimer } from '../timer.js';
import { placementOf } from './placement-of.js';
import { createReport } from './report.js';
import type { ReportFormat } from './report-format.js';
import { untilStopped } from './until-stopped.js';
import { POWER_SUPPLIES, watchPower } from './watch-power.js';
import { THERMAL_ZONES, watchTemperature } from './watch-temperature.js';

export interface HubCommandOptions {
  readonly tasks: readonly string[];
  /** URL of a broker; without one the hub runs its own. */
  readonly broker: string | undefined;
  /** Where its own broker listens. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly beyondLoopback: boolean;
  readonly data: string;
  readonly threads: number | undefined;
  /** How long it runs; without it, until told to stop. */
  readonly forMs: number | undefined;
  readonly report: ReportFormat;
  readonly logLevel: string;
  /** Where the control API listens; without it there is none. */
  readonly api: { readonly host: string; readonly port: number } | undefined;
  /** Bytes that records of runs may take on disk; 0 for none. */
  readonly recordBytes: number | undefined;
  /** An app.toml; without it, nothing leaves the hub. */
  readonly app: string | undefined;
  readonly version: string;
}

/** A broker on the same network answers within milliseconds. */
const ANSWER_MS = 2_000;

/** `sterna hub`: runs a hub until a signal or the time is up. Answers with the exit code. */
export async function hubCommand(options: HubCommandOptions): Promise<number> {
  // What a house does is nobody else's on this machine.
  process.umask(0o077);
  const log = createLog(options.logLevel);
  const stop = untilStopped(options.forMs);
  let started = (): void => undefined;
  const ready = new Promise<void>((resolve) => (started = resolve));
  let broker: EmbeddedBroker | undefined;
  try {
    if (options.broker === undefined) {
      const { listen, beyondLoopback } = options;
      broker = await startEmbeddedBroker({
        ...listen,
        beyondLoopback,
        ready,
        onFault: (fault) => log.info({ err: fault }, 'a client of the embedded broker misbehaved'),
      });
    }
    const url = options.broker ?? broker?.url ?? '';
    return await runHub(options, { url, own: broker, log, stopped: stop.stopped, started });
  } finally {
    await broker?.close();
    stop.release();
  }
}

interface Surroundings {
  readonly url: string;
  /** The hub's own broker, if it is that. */
  readonly own: EmbeddedBroker | undefined;
  readonly log: Logger;
  readonly stopped: Promise<string>;
  /** Called when the hub has subscribed to what its tasks want. */
  readonly started: () => void;
}

async function runHub(options: HubCommandOptions, { url, own, log, stopped, started }: Surroundings): Promise<number> {
  const report = createReport(options.report, process.stdout);
  const recent = new RecentRuns();
  const followers = new Followers();
  const clientId = await hubIdentity(options.data);
  // Its own broker keeps no sessions: what it would keep is gone with the process.
  const persistent = own === undefined;
  const placement = options.app === undefined ? undefined : await placementOf(options.app, options.data, log);
  const hub: Hub = await createHub({
    ...(placement === undefined ? {} : { placement }),
    taskDirs: options.tasks,
    dataDir: options.data,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    startRuntime: createRuntime,
    connect: (onMessage, onReleased, signal) => {
      const complaint = setTimeout(() => log.warn({ broker: withoutSecrets(url) }, 'no answer yet'), ANSWER_MS);
      const connecting = connectBroker(
        {
          url,
          clientId,
          persistent,
          firstConnectMs: Infinity,
          signal,
          // Its own broker is known to speak 3.1.1 only: asking it for 5 first is answered with a complaint.
          ...(own === undefined ? {} : { protocolVersion: 4, ...own.hub }),
          onState: (state) => log[state.kind === 'unreachable' ? 'warn' : 'info'](state, 'broker'),
          onReleased,
        },
        onMessage,
      );
      return connecting.finally(() => clearTimeout(complaint));
    },
    brokerName: withoutSecrets(url),
    clock: Date.now,
    newEventId: eventIds(Date.now),
    newSeed: runSeeds(),
    observe: (observation) => {
      report.observe(observation);
      recent.note(observation);
      followers.note(observation);
    },
    log,
    ...(options.recordBytes === undefined ? {} : { recordBytes: options.recordBytes }),
  });
  void hub.subscribed.then(started);
  // One that serves the API gets its tasks by `sterna deploy`.
  if (hub.tasks.length === 0 && options.api === undefined) {
    log.error(
      { tasks: options.tasks },
      'there is no task to run: name a folder with a task.toml with --tasks, or one that has such folders in it',
    );
    await hub.close();
    return 1;
  }
  if (hub.tasks.length === 0) log.warn('there is no task yet: deploy one with "sterna deploy DIR"');
  const api = await listenForControl(options, log, {
    hub: hub.control,
    recent,
    followers,
    history: hub.history,
    routes: [
      ...deployingRoutes(hub.deployments),
      backupRoute(hub.backups),
      ...lookingRoutes(hub.view),
      ...placementRoutes(placement, hub.view),
      ...currentRunRoutes(hub),
      ...migrationRoutes(hub),
    ],
  }).catch(async (error) => {
    await hub.close();
    throw error;
  });
  const unwatch =
    placement &&
    watchPower({
      dir: POWER_SUPPLIES,
      timer: monotonicTimer,
      changed: (onBattery) => placement.adapt({ ...placement.conditions, onBattery }),
    });
  const unwatchHeat =
    placement &&
    watchTemperature({
      dir: THERMAL_ZONES,
      hotFrom: placement.hotFrom,
      timer: monotonicTimer,
      changed: (isHot) => placement.adapt({ ...placement.conditions, isHot }),
    });
  let hasFailed = false;
  const failed = hub.failed.then(({ message }) => {
    hasFailed = true;
    return message;
  });
  const reason = await Promise.race([stopped, failed]);
  log.info({ reason }, 'stopping');
  unwatch?.();
  unwatchHeat?.();
  await api?.close();
  const left = await hub.close();
  report.finish();
  if (left === 0) return hasFailed ? 1 : 0;
  log.warn(
    { left },
    'runs were not finished in time and had no effect; those of QoS 1 events begin anew at the next start',
  );
  // Threads in runs that nobody waits for would keep the process up to their deadlines.
  setTimeout(() => process.exit(), 500).unref();
  return 1;
}

/** Another hub may have the usual port: then any other does, since commands find it by the data folder. */
async function listenForControl(
  { api, data, version }: HubCommandOptions,
  log: Logger,
  parts: Pick<Parameters<typeof startApi>[0], 'hub' | 'recent' | 'followers' | 'history' | 'routes'>,
): Promise<Api | undefined> {
  if (api === undefined) return undefined;
  const options = { ...parts, ...api, dataDir: data, version, nowMs: () => performance.now() };
  const started = await startApi(options).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    return startApi({ ...options, port: 0 });
  });
  log.info({ url: started.url }, 'control API');
  return started;
}
