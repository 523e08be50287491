/**
 * What an event costs inside a thread: a call of a warm instance, the same with
 * the reset that gives the next event fresh state, and instantiating each time.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEFAULT_LIMITS } from '../../runtime/index.js';
import { ArtifactCache } from '../../runtime/provision/cache.js';
import { provision } from '../../runtime/provision/provision.js';
import type { SliceWatch } from '../../runtime/worker/gauge.js';
import { Instance } from '../../runtime/worker/instance.js';
import { Loaded } from '../../runtime/worker/loaded.js';
import { type Executing, RunContext } from '../../runtime/worker/run-context.js';
import { buildRelay, relayRun } from './relay.js';
import type { Row } from './row.js';
import { median } from './statistics.js';

/** Few enough that calls without a reset stay within the memory that a fresh instance has. */
const CALLS = 16;
const SAMPLES = 1_500;
/** Until V8 has optimised the guest and the code around it. */
const WARM_UP_SAMPLES = 500;

const WATCH: SliceWatch = {
  now: () => performance.now(),
  cancelled: () => false,
  sliceEnded: () => undefined,
};

export async function eventCost(): Promise<Row[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sterna-bench-'));
  try {
    return rows(await load(await buildRelay(), folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function load(component: Uint8Array, folder: string): Promise<Loaded> {
  const provisioned = await provision(component, { memoryBytes: DEFAULT_LIMITS.memoryBytes });
  await new ArtifactCache(folder).store(provisioned);
  return new Loaded(provisioned.artifact.key, folder);
}

function rows(loaded: Loaded): Row[] {
  const warmUs: number[] = [];
  const resetUs: number[] = [];
  const freshUs: number[] = [];
  const instance = instantiate(loaded);
  for (let sample = 0; sample < SAMPLES; sample++) {
    warmUs.push(timeUs(CALLS, () => handle(instance)));
    reset(instance);
    resetUs.push(timeUs(CALLS, () => handleAndReset(instance)));
    freshUs.push(timeUs(1, () => handle(instantiate(loaded))));
  }
  const warm = median(warmUs.slice(WARM_UP_SAMPLES));
  const reused = median(resetUs.slice(WARM_UP_SAMPLES));
  const fresh = median(freshUs.slice(WARM_UP_SAMPLES));
  return [
    {
      measure: 'event: call and reset / call of a warm instance',
      value: `${reused.toFixed(1)} / ${warm.toFixed(1)} us`,
      ratio: reused / warm,
      aim: { most: 1.3 },
    },
    {
      measure: 'event: instantiating and call / call and reset',
      value: `${fresh.toFixed(1)} / ${reused.toFixed(1)} us`,
      ratio: fresh / reused,
      aim: { least: 15 },
    },
  ];
}

function timeUs(calls: number, call: () => void): number {
  const startedAt = performance.now();
  for (let i = 0; i < calls; i++) call();
  return ((performance.now() - startedAt) * 1000) / calls;
}

function handleAndReset(instance: Instance): void {
  handle(instance);
  reset(instance);
}

function reset(instance: Instance): void {
  if (!instance.reset()) throw new Error('the instance cannot be reset: its memory has grown');
}

function handle(instance: Instance): void {
  const run = context(instance);
  const ending = instance.handle(run, run.request.event);
  if (ending.type !== 'returned' || run.effects.length !== 1) throw new Error(`the run ended as ${ending.type}`);
}

function instantiate(loaded: Loaded): Instance {
  return new Instance(loaded, context);
}

/** Of one run: the request, and fuel and time to spend. */
function context(instance: Executing): RunContext {
  const request = relayRun('relay', 1);
  instance.gauge.begin(request.limits.fuel, WATCH.now() + request.limits.deadlineMs, WATCH);
  return new RunContext(request, instance, undefined);
}
