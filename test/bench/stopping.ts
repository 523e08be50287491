/** How soon a guest that never ends has ended after its deadline, and after a cancel: by what it is in the middle of. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRuntime, DEFAULT_LIMITS, type Limits, type Runtime, type RunRequest } from '../../runtime/index.js';
import { endlessGuest, ENDLESS_GUESTS } from '../runtime/endless-guests.js';
import { until } from '../runtime/eventually.js';
import { ThreadWitness } from '../runtime/thread-witness.js';
import type { Row } from './row.js';
import { median } from './statistics.js';

const MiB = 1024 * 1024;
const ROUNDS = 8;
const DEADLINE_MS = 30;
const LIMITS: Limits = { ...DEFAULT_LIMITS, fuel: 1e15, memoryBytes: 64 * MiB };

export async function stopping(): Promise<Row[]> {
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'sterna-bench-'));
  const witness = new ThreadWitness();
  const runtime = await createRuntime({ threads: 1, cacheDir, state: witness.state });
  try {
    const rows: Row[] = [];
    for (const what of Object.keys(ENDLESS_GUESTS)) rows.push(await rowOf(what, runtime, witness));
    return rows;
  } finally {
    await runtime.close();
    witness.close();
    await rm(cacheDir, { recursive: true });
  }
}

async function rowOf(what: string, runtime: Runtime, witness: ThreadWitness): Promise<Row> {
  const { key } = await runtime.install(await endlessGuest(what), LIMITS);
  const deadlineMs: number[] = [];
  const cancelMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { usage } = await runtime.run(request(key, DEADLINE_MS));
    deadlineMs.push(usage.wallMs - DEADLINE_MS);
    cancelMs.push(await cancelled(runtime, request(key, 60_000), witness));
  }
  runtime.uninstall(key);
  const soon = (values: readonly number[]): string =>
    `${median(values).toFixed(1)} (at most ${Math.max(...values).toFixed(1)})`;
  return {
    measure: `stopping: ${what}, after its deadline / a cancel`,
    value: `${soon(deadlineMs)} / ${soon(cancelMs)} ms`,
  };
}

async function cancelled(runtime: Runtime, asked: RunRequest, witness: ThreadWitness): Promise<number> {
  witness.forget(1);
  const abort = new AbortController();
  const running = runtime.run(asked, abort.signal);
  await until('it executes', 20_000, () => witness.thread(1) !== undefined);
  const startedAt = performance.now();
  abort.abort();
  await running;
  return performance.now() - startedAt;
}

function request(task: string, deadlineMs: number): RunRequest {
  return {
    runId: 'run',
    task,
    event: { id: 'event', topic: 'a', payload: new Uint8Array(), qos: 1, retain: false, arrivedAtMs: 0, captures: {} },
    attempt: 1,
    limits: { ...LIMITS, deadlineMs },
    grants: { publish: ['#'], buckets: { default: { id: 'default', access: 'read-write' } } },
    config: {},
    clockMs: 0,
    seed: 1,
    subjects: 'verbatim',
  };
}
