/** The hub's side of sessions with real parts: a store, threads, and a runtime that places runs. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Logger } from '../../../hub/log.js';
import type { Placement } from '../../../hub/placement/index.js';
import type { RemoteProviderParts } from '../../../hub/session/index.js';
import { openStore, type Store } from '../../../hub/store/index.js';
import type { Timer } from '../../../hub/timer.js';
import type { newSigningKey, JoinToken } from '../../../provider/protocol/index.js';
import { createRuntime, type Limits, type RunRequest, type Runtime, type RunResult } from '../../../runtime/index.js';
import type { DeployedTask } from '../../../hub/registry/index.js';
import { builtTask } from '../../runtime/built-task.js';
import { until } from '../../runtime/eventually.js';
import { placementBy } from '../placement/placement-under-test.js';

export interface HubSide {
  readonly placement: Placement;
  /** Places runs. */
  readonly runtime: Runtime;
  /** Runs here only. */
  readonly local: Runtime;
  readonly store: Store;
  readonly tasks: Map<string, DeployedTask>;
  /** Writes state as a run of the hub does. */
  write(bucket: string, key: string, value: string): void;
  request(task: string, event: { readonly topic: string; readonly payload?: string | Uint8Array }): RunRequest;
  /** Resolves when a provider takes a task. */
  ready(task: string): Promise<void>;
  close(): Promise<void>;
}

export interface HubSideOptions {
  readonly tokens: readonly JoinToken[];
  readonly tasks: readonly string[];
  /** The app.toml, besides its name. Default: everything remote-only, nothing checked. */
  readonly app?: string;
  readonly key?: ReturnType<typeof newSigningKey>;
  readonly dir?: string;
  readonly connect?: RemoteProviderParts['connect'];
  /** What becomes of the components that were built. */
  readonly change?: (component: Uint8Array) => Uint8Array;
  /** In place of what the manifests say. */
  readonly limits?: Partial<Limits>;
  readonly startRuntime?: typeof createRuntime;
  readonly timer?: Timer;
  readonly log?: Pick<Logger, 'info' | 'warn'>;
}

const REMOTE = '[placement]\ndefault = "remote-only"\nchecked = 0\n';

let hubs = 0;

/** It is closed when the test ends. */
export async function hubSide(t: Test, options: HubSideOptions): Promise<HubSide> {
  const dir = options.dir ?? join(t.testdirName, `hub-${hubs++}`);
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'state.db');
  const store = openStore(file);
  const { startRuntime = createRuntime } = options;
  const state = { module: new URL('../../../hub/store/reader.js', import.meta.url), options: { file } };
  const local = await startRuntime({ threads: 1, cacheDir: join(dir, 'components'), state });
  const { app = REMOTE, key, connect, timer, log } = options;
  const placement = placementBy(app, {
    providers: options.tokens.map((token, i) => ({ name: `p${i}`, token })),
    ...(key === undefined ? {} : { key }),
    ...(timer === undefined ? {} : { timer }),
    ...(log === undefined ? {} : { log }),
    ...(connect === undefined ? {} : { connect }),
  });
  const components = new Map<string, Uint8Array>();
  const component = (digest: string) => Promise.resolve(components.get(digest));
  const runtime = placement.over({
    local,
    threads: 1,
    file,
    usageOf: (bucket) => store.usageOf(bucket),
    component,
  });
  const tasks = new Map<string, DeployedTask>();
  for (const path of options.tasks) {
    const { manifest: built, component: asBuilt } = await builtTask(path);
    const bytes = options.change?.(asBuilt) ?? asBuilt;
    const manifest = { ...built, limits: { ...built.limits, ...options.limits } };
    const installed = await runtime.install(bytes, manifest.limits);
    components.set(installed.digest, bytes);
    tasks.set(manifest.name, { manifest, installed, toml: '' });
  }
  placement.deployed([...tasks.values()], new Map());
  let events = 0;
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await runtime.close();
    await store.close();
  };
  const side: HubSide = {
    placement,
    runtime,
    local,
    store,
    tasks,
    write: (bucket, key, value) => {
      const changes = [{ reads: [], writes: [{ bucket, key, value: Buffer.from(value) }] }];
      placement.note(changes, store.commit(changes).results);
    },
    request: (name, { topic, payload = '' }) => {
      const task = tasks.get(name);
      if (task === undefined) throw new Error(`there is no task ${name}`);
      const { manifest, installed } = task;
      const id = `e${events++}`;
      return {
        runId: `${id}/${name}`,
        task: installed.key,
        event: {
          id,
          topic,
          payload: Buffer.from(payload),
          qos: 1,
          retain: false,
          arrivedAtMs: 1_000,
          captures: { device: topic.slice(topic.lastIndexOf('/') + 1), room: 'bath', meter: 'm' },
        },
        attempt: 1,
        limits: manifest.limits,
        grants: manifest.grants,
        config: manifest.config,
        clockMs: 1_000,
        seed: randomBytes(4).readUInt32LE(),
        subjects: manifest.subjects,
      };
    },
    ready: (task) =>
      until(`a provider takes ${task}: ${JSON.stringify(placement.providers)}`, 30_000, () => {
        return (placement.gateOf(task)?.elsewhere ?? 0) > 0;
      }),
    close: () => (closed ??= close()),
  };
  t.teardown(() => side.close());
  return side;
}

/** What a run came to, without what depends on the machine. */
export function essence({ outcome, effects, reads, log, usage }: RunResult): object {
  const { fuel, peakMemoryBytes, outputBytes, logBytes } = usage;
  const shown = effects.map((effect) => {
    if (effect.kind === 'delete') return effect;
    const bytes = effect.kind === 'publish' ? effect.payload : effect.value;
    return { ...effect, payload: undefined, value: undefined, bytes: Buffer.from(bytes).toString('base64') };
  });
  return { outcome, effects: shown, reads, log, fuel, peakMemoryBytes, outputBytes, logBytes };
}
