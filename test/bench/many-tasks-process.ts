/** The process that `many-tasks.ts` measures: a runtime with many tasks and nothing else. Linux only. */
import { readFile } from 'node:fs/promises';
import { createRuntime, DEFAULT_LIMITS, type Runtime } from '../../runtime/index.js';
import { relayRun } from './relay.js';
import { median } from './statistics.js';

export interface ManyTasksOrder {
  /** The cache in which the components are prepared. */
  readonly folder: string;
  /** Component files. */
  readonly components: readonly string[];
  readonly threads: number;
}

/** Resident memory after each step, and what a run took, one at a time. */
export interface ManyTasksReport {
  readonly oneBytes: number;
  readonly idleBytes: number;
  readonly hitBytes: number;
  readonly warmBytes: number;
  readonly coldMs: number;
  readonly warmMs: number;
}

/** So often that each thread has had each task, and V8 has optimised what it does. */
const ROUNDS = 20;

/** By each thread, of one task. */
const SETTLING_RUNS = 20_000;
const RUNS_AT_ONCE = 100;

process.once('message', (order: ManyTasksOrder) => {
  void measure(order).then((report) => process.send?.(report, () => process.disconnect()));
});

async function measure({ folder, components, threads }: ManyTasksOrder): Promise<ManyTasksReport> {
  const runtime = await createRuntime({ cacheDir: folder, threads });
  const [first = '', ...others] = components;
  const keys = [await install(runtime, first)];
  await settle(runtime, keys, threads);
  const oneBytes = await residentBytes();
  for (const file of others) keys.push(await install(runtime, file));
  await settle(runtime, keys, threads);
  const idleBytes = await residentBytes();
  const cold: number[] = [];
  for (const key of keys) cold.push(await timed(runtime, key));
  await settle(runtime, keys, threads);
  const hitBytes = await residentBytes();
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(keys.flatMap((key) => Array.from({ length: threads }, () => timed(runtime, key))));
  }
  const warmBytes = await residentBytes();
  const warm: number[] = [];
  for (const key of keys) warm.push(await timed(runtime, key));
  await runtime.close();
  return { oneBytes, idleBytes, hitBytes, warmBytes, coldMs: median(cold), warmMs: median(warm) };
}

async function install(runtime: Runtime, file: string): Promise<string> {
  const { key } = await runtime.install(await readFile(file), DEFAULT_LIMITS);
  return key;
}

/** Until threads have collected what deploying left: they do so by themselves as they work. */
async function settle(runtime: Runtime, [key = '']: readonly string[], threads: number): Promise<void> {
  for (let round = 0; round < SETTLING_RUNS / RUNS_AT_ONCE; round++) {
    await Promise.all(Array.from({ length: threads * RUNS_AT_ONCE }, () => timed(runtime, key)));
  }
}

async function timed(runtime: Runtime, key: string): Promise<number> {
  const from = performance.now();
  const { outcome } = await runtime.run(relayRun(key, 1));
  if (outcome.kind !== 'completed') throw new Error(`a run ended as ${JSON.stringify(outcome)}`);
  return performance.now() - from;
}

async function residentBytes(): Promise<number> {
  (globalThis as { gc?: () => void }).gc?.();
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
