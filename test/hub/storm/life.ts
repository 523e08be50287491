/** One process of a hub, from its start until it stops or has nothing left to do. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createHub, type Hub } from '../../../hub/hub.js';
import { createLog } from '../../../hub/log.js';
import { openState } from '../../../hub/store/reader.js';
import { openStore } from '../../../hub/store/sqlite-store.js';
import type { StateReader } from '../../../runtime/index.js';
import { fakeRuntime } from '../fake-runtime.js';
import { countOnce } from './counting-tasks.js';
import type { Disk, Loss } from './disk.js';
import { FaultPoints } from './fault-points.js';
import type { Flaw } from './flaws.js';
import type { ModelBroker } from './model-broker.js';

export interface LifeOptions {
  readonly disk: Disk;
  readonly tasks: string;
  readonly broker: ModelBroker;
  /** The number of the moment at which it stops; Infinity for never. */
  readonly stopAt: number;
  readonly loss: Loss;
  /** Where it leaves what the next life finds. */
  readonly leaves: string;
  /** Told in each turn of the event loop. */
  readonly turned?: () => void;
  readonly flaw?: Flaw | undefined;
  /** Makes this life's event ids its own. */
  readonly name: string;
}

export interface LifeReport {
  /** Where it stopped; undefined when it came to rest. */
  readonly stopped: string | undefined;
  /** Moments that there were. */
  readonly moments: number;
  /** What the tasks have counted: of each device, and "all". Empty when it stopped. */
  readonly counts: ReadonlyMap<string, number>;
}

/** With nothing happening for so many turns, nothing will. */
const QUIET_TURNS = 12;
/** A hub that is still at it then does not come to rest. */
const MOST_TURNS = 5_000;

/**
 * Lives until it is stopped or at rest. A hub that was stopped goes on by
 * itself, but its files were copied at that moment and nobody hears it.
 */
export async function live(options: LifeOptions): Promise<LifeReport> {
  const { disk, broker } = options;
  const points = new FaultPoints(options.stopAt, () => {
    disk.leave(options.leaves, options.loss);
    broker.cut();
  });
  mkdirSync(disk.directory, { recursive: true });
  const hub = await start(options, points);
  try {
    let [quiet, moments] = [0, 0];
    for (let turns = 0; points.stoppedAt === undefined && quiet < QUIET_TURNS && turns < MOST_TURNS; turns++) {
      options.turned?.();
      await new Promise((resolve) => setImmediate(resolve));
      quiet = points.passed === moments && broker.isIdle && hub.runs === 0 ? quiet + 1 : 0;
      moments = points.passed;
    }
    const stopped = points.stoppedAt;
    const counts = stopped === undefined ? countsOf(hub, disk) : new Map<string, number>();
    return { stopped, moments, counts };
  } finally {
    broker.cut();
    await hub.close();
  }
}

function start({ disk, tasks, broker, flaw, name }: LifeOptions, points: FaultPoints): Promise<Hub> {
  const file = join(disk.directory, 'state.db');
  let state: StateReader | undefined;
  const runtime = fakeRuntime(async (request) => {
    const behaviour = points.around('start', () => countOnce(request, (state ??= openState({ file }))));
    // Runs that are started in one turn see the same state.
    await new Promise((resolve) => setImmediate(resolve));
    points.pass('end');
    return behaviour;
  });
  let ids = 0;
  return createHub({
    taskDirs: [tasks],
    dataDir: disk.directory,
    startRuntime: () => Promise.resolve({ ...runtime, close: () => Promise.resolve(state?.close()) }),
    openStore: () => {
      const store = openStore(file, { sync: disk.sync });
      disk.opened(points);
      const commit = store.commit.bind(store);
      store.commit = (changes, also) => points.around('commit', () => commit(changes, also));
      flaw?.store?.(store, points);
      return store;
    },
    connect: (onMessage) => {
      const link = broker.connect(flaw?.handler?.(onMessage) ?? onMessage, points);
      return Promise.resolve(flaw?.link?.(link) ?? link);
    },
    brokerName: 'model',
    clock: () => 5_000,
    newEventId: () => `${name}-${ids++}`,
    newSeed: () => 7,
    observe: () => undefined,
    log: createLog('silent'),
    drainMs: 0,
  });
}

function countsOf({ tasks }: Hub, { directory }: Disk): ReadonlyMap<string, number> {
  const state = openState({ file: join(directory, 'state.db') });
  const snapshot = state.snapshot();
  const counts = new Map<string, number>();
  for (const { manifest } of tasks) {
    const bucket = manifest.grants.buckets['default']?.id ?? '';
    for (const key of snapshot.keys(bucket, undefined, 1_000)) {
      counts.set(key, Number(Buffer.from(snapshot.get(bucket, key)?.value ?? []).toString()));
    }
  }
  snapshot.release();
  state.close();
  return counts;
}
