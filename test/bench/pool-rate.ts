/** Events per second through the runtime's door: the pool, its messages and the runs, without a broker. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRuntime, DEFAULT_LIMITS, type Runtime } from '../../runtime/index.js';
import { buildRelay, relayRun } from './relay.js';
import type { Row } from './row.js';
import { median } from './statistics.js';

const EVENTS = 20_000;
const ROUNDS = 5;
/** Runs under way at once: several batches for each thread. */
const WINDOW = 512;

export async function poolRate(): Promise<Row[]> {
  const component = await buildRelay();
  const one = await rateWith(1, component);
  const two = await rateWith(2, component);
  return [
    { measure: 'pool: 1 thread', value: `${one.toFixed(0)} events/s` },
    { measure: 'pool: 2 threads, / 1 thread', value: `${two.toFixed(0)} events/s`, ratio: two / one },
  ];
}

async function rateWith(threads: number, component: Uint8Array): Promise<number> {
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'sterna-bench-'));
  const runtime = await createRuntime({ threads, cacheDir });
  try {
    const { key } = await runtime.install(component, DEFAULT_LIMITS);
    const rates: number[] = [];
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round++) rates.push(await rate(runtime, key));
    return median(rates.slice(1));
  } finally {
    await runtime.close();
    await rm(cacheDir, { recursive: true });
  }
}

async function rate(runtime: Runtime, task: string): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < EVENTS) {
      const { outcome } = await runtime.run(relayRun(task, next++));
      if (outcome.kind !== 'completed') throw new Error(`a run ended as ${JSON.stringify(outcome)}`);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: WINDOW }, lane));
  return (EVENTS * 1000) / (performance.now() - startedAt);
}
