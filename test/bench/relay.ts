/** The benchmark's task: a dew point for each reading. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildTask } from '../../hub/build/index.js';
import { DEFAULT_LIMITS, type RunRequest } from '../../runtime/index.js';
import { PACKAGE_ROOT } from '../package-root.js';

/** What a hub is given with `--tasks`. */
export const TASKS_FOLDER = path.join(PACKAGE_ROOT, 'test/fixtures/bench/tasks');

const RELAY = path.join(TASKS_FOLDER, 'relay');

/** Builds the task's component and answers with its bytes. */
export async function buildRelay(): Promise<Uint8Array> {
  const built = await buildTask(RELAY);
  if (!built.ok) throw new Error(`the benchmark's task does not build: ${built.message}`);
  return readFile(path.join(RELAY, 'build', 'relay.wasm'));
}

const PAYLOAD = new TextEncoder().encode('{"seq":1234,"temperature":21.37,"humidity":48.2}');

/** A run as the hub would ask for it. */
export function relayRun(task: string, number: number): RunRequest {
  return {
    runId: `run-${number}`,
    task,
    event: {
      id: `event-${number}`,
      topic: 'bench/0/d17/in',
      payload: PAYLOAD,
      qos: 0,
      retain: false,
      arrivedAtMs: 1_700_000_000_000,
      captures: { qos: '0', device: 'd17' },
    },
    attempt: 1,
    limits: DEFAULT_LIMITS,
    grants: { publish: ['bench/+/+/out'], buckets: {} },
    config: {},
    clockMs: 1_700_000_000_000,
    seed: number,
    subjects: 'verbatim',
  };
}
