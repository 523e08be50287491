/**
 * What an event costs inside a thread: a call of a warm instance, the same with
 * the reset that gives the next event fresh state, the same when the guest
 * trapped, and making an instance for each.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEFAULT_LIMITS, type RunRequest } from '../../runtime/index.js';
import { ArtifactCache } from '../../runtime/provision/cache.js';
import { provision } from '../../runtime/provision/provision.js';
import { Executor } from '../../runtime/worker/executor.js';
import type { SliceWatch } from '../../runtime/worker/gauge.js';
import { Instance } from '../../runtime/worker/instance.js';
import { Loaded } from '../../runtime/worker/loaded.js';
import { type Executing, RunContext } from '../../runtime/worker/run-context.js';
import { taskComponent, type CoreParts } from '../runtime/wat-component.js';
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
    const relay = await prepare(await buildRelay(), folder);
    return [...instanceRows(new Loaded(relay, folder)), ...(await renewalRows(folder))];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function prepare(component: Uint8Array, folder: string): Promise<string> {
  const provisioned = await provision(component, { memoryBytes: DEFAULT_LIMITS.memoryBytes });
  await new ArtifactCache(folder).store(provisioned);
  return provisioned.artifact.key;
}

function instanceRows(loaded: Loaded): Row[] {
  const warmUs: number[] = [];
  const resetUs: number[] = [];
  const freshUs: number[] = [];
  const instance = instantiate(loaded);
  instance.save();
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
      aim: { most: 1.15 },
    },
    {
      measure: 'event: instantiating and call / call and reset',
      value: `${fresh.toFixed(1)} / ${reused.toFixed(1)} us`,
      ratio: fresh / reused,
    },
  ];
}

/** Guests that do nothing but what makes their instance harder to renew. */
const GUESTS: readonly (readonly [what: string, parts: CoreParts])[] = [
  ['completes', {}],
  ['traps', { body: 'unreachable' }],
  [
    'changes a table of 100',
    { fields: '(table $t 100 funcref)', body: '(table.set $t (i32.const 0) (ref.null func))' },
  ],
  ['has 1 MiB and touches a page', { memory: 16, body: '(i32.store (i32.const 500000) (i32.const 1))' }],
  ['grows its memory', { body: '(drop (memory.grow (i32.const 1)))' }],
  ['drops a segment', { fields: '(data $d "x")', body: '(data.drop $d)' }],
];

/** Whole runs, through everything that a thread does for one. */
async function renewalRows(folder: string): Promise<Row[]> {
  const executor = new Executor(folder, undefined);
  const requests: (readonly [string, RunRequest])[] = [];
  for (const [what, parts] of GUESTS) {
    requests.push([what, relayRun(await prepare(await taskComponent(parts), folder), 1)]);
  }
  const timesUs = requests.map((): number[] => []);
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (const [i, [, request]] of requests.entries()) {
      timesUs[i]?.push(timeUs(CALLS, () => executor.execute(request, WATCH)));
    }
  }
  const medians = timesUs.map((times) => median(times.slice(WARM_UP_SAMPLES)));
  const [plain = NaN] = medians;
  return requests.map(([what], i): Row => {
    const each = medians[i] ?? NaN;
    const measure = i === 0 ? 'run: an empty one that' : 'run: one that';
    const value = `${each.toFixed(1)} us`;
    return i === 0
      ? { measure: `${measure} ${what}`, value }
      : { measure: `${measure} ${what}`, value, ratio: each / plain };
  });
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
