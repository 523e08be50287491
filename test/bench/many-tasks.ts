/**
 * What deployed tasks cost in memory: 500 that differ, all idle, then all hit.
 * In a process of its own, which does nothing else; resident memory, since that
 * is what a small machine runs out of.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEFAULT_LIMITS } from '../../runtime/index.js';
import { ArtifactCache } from '../../runtime/provision/cache.js';
import { artifactKey, provision, sha256, type Provisioned } from '../../runtime/provision/provision.js';
import type { ManyTasksOrder, ManyTasksReport } from './many-tasks-process.js';
import { buildRelay } from './relay.js';
import type { Row } from './row.js';

const TASKS = 500;
const THREADS = 2;

const PROCESS = new URL('./many-tasks-process.js', import.meta.url);

export async function manyTasks(): Promise<Row[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sterna-bench-'));
  try {
    const components = await distinctTasks(folder);
    const report = await measured({ folder, components, threads: THREADS });
    return rowsOf(report);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A constant of the benchmark's task, as it stands in its code: each task gets a value of its own. */
const CONSTANT = Buffer.from(Float64Array.of(17.62).buffer);

/** Prepares tasks of which no two share code. One is prepared in earnest: the others differ from it in eight bytes. */
async function distinctTasks(folder: string): Promise<string[]> {
  const options = { memoryBytes: DEFAULT_LIMITS.memoryBytes };
  const original = await buildRelay();
  const prepared = await provision(original, options);
  const cache = new ArtifactCache(folder);
  const files: string[] = [];
  for (let i = 0; i < TASKS; i++) {
    const component = variant(original, i);
    const file = path.join(folder, `${i}.wasm`);
    await writeFile(file, component);
    await cache.store(variantOf(prepared, i, artifactKey(sha256(component), options), sha256(component)));
    files.push(file);
  }
  return files;
}

function variantOf({ artifact, files }: Provisioned, i: number, key: string, digest: string): Provisioned {
  const changed = new Map([...files].map(([name, contents]) => [name, variant(contents, i)]));
  const modules = artifact.modules.map((module) => ({ ...module, sha256: sha256(changed.get(module.name) ?? '') }));
  return { artifact: { ...artifact, key, digest, modules }, files: changed };
}

function variant(bytes: Uint8Array, i: number): Uint8Array {
  const changed = Buffer.from(bytes);
  for (let at = changed.indexOf(CONSTANT); at >= 0; at = changed.indexOf(CONSTANT, at + 1)) {
    changed.writeUInt16LE(i, at); // the last digits of its mantissa
  }
  return changed;
}

async function measured(order: ManyTasksOrder): Promise<ManyTasksReport> {
  const child = fork(PROCESS, { execArgv: ['--expose-gc'] });
  child.send(order);
  const [answer] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the measuring process ended with ${code}`))),
  ])) as [ManyTasksReport];
  await once(child, 'exit');
  return answer;
}

function rowsOf({ oneBytes, idleBytes, hitBytes, warmBytes, coldMs, warmMs }: ManyTasksReport): Row[] {
  const perTask = (bytes: number): string => `${((bytes - oneBytes) / (TASKS - 1) / 1024).toFixed(0)} KiB`;
  return [
    {
      measure: `tasks: a runtime of ${THREADS} threads that runs one`,
      value: `${(oneBytes / 2 ** 20).toFixed(0)} MiB`,
    },
    { measure: `tasks: each of ${TASKS} more that is deployed and idle`, value: perTask(idleBytes) },
    { measure: 'tasks: each that was hit once', value: perTask(hitBytes) },
    { measure: `tasks: each that is warm in ${THREADS} threads`, value: perTask(warmBytes) },
    {
      measure: 'tasks: first run of one / run of a warm one',
      value: `${coldMs.toFixed(2)} / ${warmMs.toFixed(2)} ms`,
      ratio: coldMs / warmMs,
    },
  ];
}
