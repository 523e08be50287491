/** One process of a hub whose run moves to a peer and home, from its start until it stops or comes to rest. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { CheckpointFiles, type KeepOptions } from '../../../hub/checkpoints/checkpoint-files.js';
import { keepIn, readIn, type KeptCheckpoint } from '../../../hub/checkpoints/checkpoint-folder.js';
import { fileOf, unfinishedOf } from '../../../hub/checkpoints/file-names.js';
import type { Observation } from '../../../hub/observations.js';
import { createHub, type Hub } from '../../../hub/hub.js';
import { createLog } from '../../../hub/log.js';
import { openState } from '../../../hub/store/reader.js';
import { openStore } from '../../../hub/store/sqlite-store.js';
import type { Terms } from '../../../provider/protocol/migration/index.js';
import { checkpointDigest, type StateReader } from '../../../runtime/index.js';
import { Disk, type Loss } from '../storm/disk.js';
import { FaultPoints } from '../storm/fault-points.js';
import type { Flaw as StormFlaw } from '../storm/flaws.js';
import type { ModelBroker } from '../storm/model-broker.js';
import type { Peer } from './peer.js';
import { steppingRuntime } from './stepping-runtime.js';
import type { Way } from './way.js';

/** Breaks a promise, to see that it would be noticed. */
export interface Flaw extends Pick<StormFlaw, 'shows' | 'store'> {
  /** Says that a checkpoint is kept before it is. */
  readonly isHasty?: boolean;
  /** The moments at which it shows, by name. Default: any. */
  readonly at?: string;
}

export interface LifeOptions {
  readonly directory: string;
  readonly tasks: string;
  readonly broker: ModelBroker;
  readonly peer: Peer;
  readonly way: Way;
  readonly terms: Partial<Terms>;
  /** The number of the moment at which it stops; Infinity for never. */
  readonly stopAt: number;
  readonly loss: Loss;
  /** Where it leaves what the next life finds. */
  readonly leaves: string;
  readonly flaw: Flaw | undefined;
  /** Makes this life's event ids its own. */
  readonly name: string;
}

export interface LifeReport {
  /** Where it stopped; undefined when it came to rest. */
  readonly stopped: string | undefined;
  /** Moments that there were. */
  readonly moments: number;
  /** What went wrong while it lived. */
  readonly wrong: readonly string[];
}

/** With nothing happening for so many turns, nothing will. */
const QUIET_TURNS = 12;
/** A hub that is still at it then does not come to rest. */
const MOST_MS = 60_000;

export async function live(options: LifeOptions): Promise<LifeReport> {
  const { directory, broker, peer, way } = options;
  const wrong: string[] = [];
  const disk = new Disk(directory);
  mkdirSync(directory, { recursive: true });
  const checkpoints = join(directory, 'checkpoints');
  const removed = new Map<string, Buffer>();
  const faults = new FaultPoints(
    options.stopAt,
    () => {
      disk.leave(options.leaves, options.loss);
      copyFiles(checkpoints, join(options.leaves, 'checkpoints'));
      // Nothing asks the disk to keep that a file is gone.
      if (options.loss === 'power') {
        for (const [name, bytes] of removed) writeFileSync(join(options.leaves, 'checkpoints', name), bytes);
      }
      broker.cut();
      peer.gone();
    },
    options.flaw?.at,
  );
  const observe = (seen: Observation): void => {
    if (seen.kind === 'run-restarted' && faults.stoppedAt === undefined) wrong.push(`it began anew: ${seen.reason}`);
  };
  const begins = (runId: string): void => {
    if (way.hasLeft && faults.stoppedAt === undefined) wrong.push(`${runId} began anew`);
  };
  const hub = await start(options, { disk, faults, removed, observe, begins });
  try {
    if (faults.stoppedAt === undefined) {
      way.newHub();
      peer.restore();
    }
    const isAlive = (): boolean => faults.stoppedAt === undefined && wrong.length === 0;
    const untilMs = performance.now() + MOST_MS;
    for (let [quiet, moments] = [0, 0]; isAlive() && quiet < QUIET_TURNS;) {
      if (performance.now() > untilMs) wrong.push('it does not come to rest');
      await turn();
      way.look(hub);
      const isQuiet = faults.passed === moments && hub.runs === 0 && broker.isIdle && peer.stubs.size === 0;
      quiet = isQuiet && readdirSync(checkpoints).length === 0 ? quiet + 1 : 0;
      moments = faults.passed;
    }
    return { stopped: faults.stoppedAt, moments: faults.passed, wrong };
  } finally {
    broker.cut();
    peer.gone();
    await hub.close();
  }
}

interface Surroundings {
  readonly disk: Disk;
  readonly faults: FaultPoints;
  /** Checkpoints that are gone. */
  readonly removed: Map<string, Buffer>;
  readonly observe: (seen: Observation) => void;
  readonly begins: (runId: string) => void;
}

function start(options: LifeOptions, { disk, faults, removed, observe, begins }: Surroundings): Promise<Hub> {
  const { directory, tasks, broker, peer, terms, flaw, name } = options;
  const file = join(directory, 'state.db');
  let state: StateReader | undefined;
  const runtime = steppingRuntime({
    state: () => (state ??= openState({ file })),
    begins,
    closed: () => state?.close(),
  });
  let ids = 0;
  return createHub({
    taskDirs: [tasks],
    dataDir: directory,
    startRuntime: () => Promise.resolve(runtime),
    openStore: () => {
      const store = openStore(file, { sync: disk.sync });
      disk.opened(faults);
      const commit = store.commit.bind(store);
      store.commit = (changes, also) => faults.around('a commit', () => commit(changes, also));
      flaw?.store?.(store, faults);
      return store;
    },
    openCheckpoints: (dir, wanted) =>
      new SteppedFiles(dir, wanted, { faults, removed, isHasty: flaw?.isHasty === true }),
    connect: (onMessage) => Promise.resolve(broker.connect(onMessage, faults)),
    placement: peer.placement(terms),
    brokerName: 'model',
    clock: () => 5_000,
    newEventId: () => `${name}-${ids++}`,
    newSeed: () => 7,
    observe,
    log: createLog('silent'),
    drainMs: 0,
  });
}

function copyFiles(from: string, to: string): void {
  mkdirSync(to);
  for (const name of existsSync(from) ? readdirSync(from) : []) {
    writeFileSync(join(to, name), readFileSync(join(from, name)));
  }
}

interface Stepped extends Pick<Surroundings, 'faults' | 'removed'> {
  readonly isHasty: boolean;
}

/** Checkpoints that are written in this thread, so that it can be stopped in between. */
class SteppedFiles extends CheckpointFiles {
  readonly #dir: string;
  readonly #stepped: Stepped;
  readonly #removed = new Set<string>();

  constructor(dir: string, wanted: ReadonlySet<string>, stepped: Stepped) {
    super(dir, wanted);
    this.#dir = dir;
    this.#stepped = stepped;
  }

  override async keep(checkpoint: Uint8Array, options: KeepOptions): Promise<KeptCheckpoint> {
    const { faults, isHasty } = this.#stepped;
    if (!isHasty || options.asItIs !== true) {
      faults.pass('before a file');
      await turn();
      return this.#write(checkpoint, options);
    }
    const digest = checkpointDigest(checkpoint);
    void this.#writeLater(checkpoint, options, digest);
    return { digest, base: undefined, bytes: checkpoint.length };
  }

  override async read(digest: string): Promise<Uint8Array> {
    await turn();
    return readIn(this.#dir, digest);
  }

  /** Within a moment, so that no copy is made while a file goes. */
  override async remove(digest: string): Promise<void> {
    const { faults, removed } = this.#stepped;
    const file = fileOf(this.#dir, digest);
    this.#removed.add(digest);
    await turn();
    if (!existsSync(file)) return;
    faults.pass('before a file goes');
    removed.set(basename(file), readFileSync(file));
    rmSync(file);
    faults.pass('after a file went');
  }

  async #writeLater(checkpoint: Uint8Array, options: KeepOptions, digest: string): Promise<void> {
    for (let i = 0; i < 20; i++) await turn();
    if (existsSync(this.#dir) && !this.#removed.has(digest)) this.#write(checkpoint, options);
  }

  #write(checkpoint: Uint8Array, { base, asItIs }: KeepOptions): KeptCheckpoint {
    const { faults } = this.#stepped;
    const half = checkpoint.subarray(0, checkpoint.length / 2);
    writeFileSync(unfinishedOf(this.#dir, checkpointDigest(checkpoint)), half);
    faults.pass('half a file');
    return faults.around('a file has its name', () => keepIn(this.#dir, checkpoint, base, asItIs));
  }
}
