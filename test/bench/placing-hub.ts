/** A provider that is a process of its own, and of a hub what places runs at it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../hub/store/index.js';
import type { RemoteProviderParts } from '../../hub/session/index.js';
import { readJoinToken, type JoinToken } from '../../provider/protocol/index.js';
import type { RunRequest, Runtime, TaskEvent } from '../../runtime/index.js';
import { placementBy } from '../hub/placement/placement-under-test.js';
import { sterna } from '../provider/provider-process.js';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';

const MAIN = fileURLToPath(new URL('../../hub/main.js', import.meta.url));

export interface BenchProvider {
  /** For the first hub. */
  readonly token: JoinToken;
  /** For one hub more. */
  invite(): Promise<JoinToken>;
  kill(): void;
}

/** @param ports Where it listens, and where hubs find it. */
export async function benchProvider(
  data: string,
  ports: { readonly listen: number; readonly address: number },
  threads: number,
): Promise<BenchProvider> {
  const token = tokenOf(await sterna('provider', 'init', '--data', data, '--address', `127.0.0.1:${ports.address}`));
  const args = ['provider', '--data', data, '--listen', `127.0.0.1:${ports.listen}`, '--threads', String(threads)];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    token,
    invite: async () => tokenOf(await sterna('provider', 'invite', '--data', data)),
    kill: () => void child.kill('SIGKILL'),
  };
}

function tokenOf(line: string): JoinToken {
  const read = readJoinToken(line);
  if (!read.ok) throw new Error(read.fault);
  return read.token;
}

export interface PlacingHubOptions {
  readonly dir: string;
  readonly token: JoinToken;
  /** Lines of its app.toml, besides the name. */
  readonly app: string;
  readonly local: Runtime;
  readonly threads: number;
  /** The folder of its one task, and the names by which it is deployed. */
  readonly guest: string;
  readonly names: readonly string[];
  /** One of these that the provider is to take. */
  readonly there: string;
  readonly connect?: RemoteProviderParts['connect'];
}

export interface PlacingHub {
  readonly placed: Runtime;
  /** From the task's deployment until the provider was ready for it. */
  readonly readyMs: number;
  readonly request: (name: string, event: Pick<TaskEvent, 'topic' | 'payload' | 'captures'>) => RunRequest;
  readonly close: () => Promise<void>;
}

export async function placingHub(options: PlacingHubOptions): Promise<PlacingHub> {
  const { dir, token, app, local, threads, guest, names, there, connect } = options;
  const file = path.join(dir, 'state.db');
  const store = openStore(file);
  const providers = [{ name: 'p', token }];
  const placement = placementBy(app, { providers, ...(connect === undefined ? {} : { connect }) });
  const { manifest, component } = await builtTask(guest);
  const placed = placement.over({
    local,
    threads,
    file,
    usageOf: (bucket) => store.usageOf(bucket),
    component: () => Promise.resolve(component),
  });
  const installed = await placed.install(component, manifest.limits);
  const from = performance.now();
  placement.deployed(
    names.map((name) => ({ manifest: { ...manifest, name }, installed, toml: '' })),
    new Map(),
  );
  await until('the provider is ready', 60_000, () => (placement.gateOf(there)?.elsewhere ?? 0) > 0);
  const readyMs = performance.now() - from;
  let runs = 0;
  return {
    placed,
    readyMs,
    request: (name, event) => {
      const id = `e${runs++}`;
      const { limits, grants, config, subjects } = manifest;
      return {
        runId: `${id}/${name}`,
        task: installed.key,
        event: { ...event, id, qos: 1, retain: false, arrivedAtMs: 0 },
        attempt: 1,
        limits,
        grants,
        config,
        clockMs: 0,
        seed: 1,
        subjects,
      };
    },
    close: async () => {
      await placed.close();
      await store.close();
    },
  };
}
