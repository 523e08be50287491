/** A hub with a real store, whose runs take steps in this thread: quick, and as long as they are told. */
import { join } from 'node:path';
import type { Test } from 'tap';
import type { HubOptions } from '../../../hub/hub.js';
import { openState } from '../../../hub/store/reader.js';
import type { StateReader } from '../../../runtime/index.js';
import { longToml, realHub, type RealHub } from '../parking/real-hub.js';
import { steppingRuntime } from './stepping-runtime.js';

export interface CountingHubOptions {
  readonly placement: HubOptions['placement'];
  /** Default: a new one. */
  readonly dir?: string;
  /** Of the task's manifest, besides what makes it count. */
  readonly lines?: string;
  /** Told of a run that begins, and does not go on. */
  readonly begins?: (runId: string) => void;
}

export function countingHub(
  t: Test,
  { placement, dir = t.testdir({}), lines = '', begins }: CountingHubOptions,
): Promise<RealHub> {
  let state: StateReader | undefined;
  const runtime = steppingRuntime({
    state: () => (state ??= openState({ file: join(dir, 'data', 'state.db') })),
    ...(begins === undefined ? {} : { begins }),
    closed: () => state?.close(),
  });
  const tasks = { long: longToml('long', lines) };
  return realHub(t, { tasks, component: Buffer.from('counting'), runtime, dir, placement });
}
