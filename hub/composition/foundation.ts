/** What a hub stands on: its store, its threads, and the components of its tasks. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Runtime, RuntimeOptions } from '../../runtime/index.js';
import { withinMs } from '../deadline.js';
import { KeptComponents } from '../deployments/index.js';
import { DEPLOYMENT_BOUNDS } from '../deployments/limits.js';
import { HUB_BOUNDS } from '../limits.js';
import { STORE_BOUNDS } from '../store/limits.js';
import type { Logger } from '../log.js';
import { affordableRecords } from '../records/index.js';
import { openStore, RecordArchive, type BucketUsage, type Store } from '../store/index.js';
import type { Releases } from './releases.js';
import type { Foundation, HubPlacement } from './rooms.js';

export interface FoundationOptions {
  /** Where the hub keeps everything; created if need be. */
  readonly dataDir: string;
  /** Threads that run guests. Default: the machine's cores. */
  readonly threads?: number;
  readonly startRuntime: (options: RuntimeOptions) => Promise<Runtime>;
  /** Lets runs execute at providers as well. Without it, all execute here. */
  readonly placement?: HubPlacement;
  /** Opens the store in a file, created if need be. Default: SQLite, with the machine's disk. */
  readonly openStore?: (file: string) => Store;
  /** Bytes that records of runs may take on disk; 0 for none. Default: see `affordableRecords`. */
  readonly recordBytes?: number;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly log: Logger;
}

/** @throws StoreError, RuntimeError when one of them cannot start; `releases` has those that did. */
export async function openFoundation(options: FoundationOptions, releases: Releases): Promise<Foundation> {
  const { dataDir, clock, log, placement } = options;
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'state.db');
  const records = { ...STORE_BOUNDS.records, bytes: options.recordBytes ?? (await affordableRecords(dataDir)) };
  const store = (options.openStore ?? openStore)(file, { records });
  releases.add(() => store.close());
  const archive = new RecordArchive(file);
  releases.add(() => archive.close());
  const components = new KeptComponents({
    dir: join(dataDir, 'kept-components'),
    ageMs: records.ageMs,
    bytes: DEPLOYMENT_BOUNDS.keptComponentBytes,
    clock,
  });
  const local = await options.startRuntime({
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    cacheDir: join(dataDir, 'components'),
    state: { module: new URL('../store/reader.js', import.meta.url), options: { file } },
    observe: (observation) => log.warn(observation, 'the runtime lost a thread or a process'),
  });
  const component = (digest: string): Promise<Uint8Array | undefined> => components.find(digest);
  const threads = options.threads ?? availableParallelism();
  const usageOf = (bucket: string): BucketUsage => store.usageOf(bucket);
  const runtime = placement?.over({ local, threads, file, usageOf, component }) ?? local;
  releases.add(() => closeRuntime(runtime, log));
  return { file, store, archive, keepsRecords: records.bytes > 0, components, runtime };
}

async function closeRuntime(runtime: Runtime, log: Logger): Promise<void> {
  const inTime = await withinMs(HUB_BOUNDS.closeMs, runtime.close());
  if (!inTime) log.warn('some threads are still busy with runs whose outcome nobody waits for');
}
