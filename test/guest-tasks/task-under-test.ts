/** Builds a task's folder and runs its component in a real runtime, keeping its state from event to event. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTask, type BuildReport } from '../../hub/build/index.js';
import { parseManifest, type Manifest } from '../../hub/manifest/index.js';
import { createRuntime, type RunResult } from '../../runtime/index.js';
import { SharedState } from './shared-state.js';

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

/** A moment to count from: 2026-11-21T12:00:00Z. */
export const NOON = Date.UTC(2026, 10, 21, 12);

interface Delivery {
  readonly topic?: string;
  readonly payload?: string | Uint8Array;
  readonly captures?: Readonly<Record<string, string>>;
  readonly arrivedAtMs?: number;
  /** Instead of what the manifest says. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface TaskUnderTest {
  readonly report: BuildReport;
  readonly manifest: Manifest;
  /** Runs one event and commits what it did. */
  send(delivery: Delivery): Promise<RunResult>;
  close(): Promise<void>;
}

/** What a run published, payloads as text. */
export function published(result: RunResult): readonly { readonly topic: string; readonly text: string }[] {
  return result.effects.flatMap((effect) =>
    effect.kind === 'publish' ? [{ topic: effect.topic, text: Buffer.from(effect.payload).toString() }] : [],
  );
}

/** A folder of the package: "guest-tasks/thermostat". */
function packageFolder(path: string): string {
  return join(root, path);
}

/** Copies a task's folder to where it can be built without touching the original. */
async function copyTask(path: string): Promise<string> {
  const dir = join(await mkdtemp(join(tmpdir(), 'sterna-task-')), basename(path));
  await cp(packageFolder(path), dir, { recursive: true, filter: (source) => basename(source) !== 'build' });
  return dir;
}

/** @param path The task's folder within the package. */
export async function openTask(path: string): Promise<TaskUnderTest> {
  const dir = await copyTask(path);
  const built = await buildTask(dir);
  if (!built.ok) throw new Error(built.message);
  const parsed = parseManifest(await readFile(join(dir, 'task.toml'), 'utf8'), 'task.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { manifest } = parsed;

  const state = new Map<string, string>();
  const shared = new SharedState();
  const runtime = await createRuntime({
    threads: 1,
    cacheDir: join(dir, 'cache'),
    state: { module: new URL('./shared-state.js', import.meta.url), options: shared.memory },
  });
  const { key } = await runtime.install(await readFile(join(dir, built.report.component)), manifest.limits);
  let runs = 0;

  return {
    report: built.report,
    manifest,
    async send({ topic = 'test', payload = '', captures = {}, arrivedAtMs = NOON, config = {} }) {
      runs += 1;
      const result = await runtime.run({
        runId: `run-${runs}`,
        task: key,
        event: {
          id: `event-${runs}`,
          topic,
          payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
          qos: 1,
          retain: false,
          arrivedAtMs,
          captures,
        },
        attempt: 1,
        limits: manifest.limits,
        grants: manifest.grants,
        config: { ...manifest.config, ...config },
        clockMs: arrivedAtMs,
        seed: runs,
        subjects: manifest.subjects,
      });
      if (commit(result, state)) shared.write(state);
      return result;
    },
    async close() {
      await runtime.close();
      await rm(dirname(dir), { recursive: true });
    },
  };
}

/** Whether anything changed. */
function commit(result: RunResult, state: Map<string, string>): boolean {
  let changed = false;
  for (const effect of result.effects) {
    if (effect.kind === 'publish') continue;
    changed = true;
    const key = `${effect.bucket}/${effect.key}`;
    if (effect.kind === 'set') state.set(key, Buffer.from(effect.value).toString('base64'));
    else state.delete(key);
  }
  return changed;
}

function findRoot(from: string): string {
  return existsSync(join(from, 'guest-tasks', 'sdk')) ? from : findRoot(dirname(from));
}
