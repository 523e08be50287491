/** Plays what it is started with, and says what came of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { playSchedules, type Played, type Schedules } from './play-schedules.js';
import { sweep, type Sweep, type Swept } from './sweep.js';

export interface Jobs {
  readonly schedules: { readonly job: Schedules; readonly result: Played };
  readonly sweep: { readonly job: Sweep; readonly result: Swept };
}

export type Kind = keyof Jobs;

type Given = { readonly [K in Kind]: { readonly kind: K; readonly job: Jobs[K]['job'] } }[Kind];

async function play(given: Given): Promise<Played | Swept> {
  return given.kind === 'sweep' ? sweep(given.job) : playSchedules(given.job);
}

// By `inThread`.
parentPort?.postMessage(await play(workerData as Given));
