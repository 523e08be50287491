/** Runs of a prepared component, one instance after another, with everything that they leave behind. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCheckpoint, encodeCheckpoint } from '../../../runtime/checkpoint/codec.js';
import { ArtifactCache } from '../../../runtime/provision/cache.js';
import { provision } from '../../../runtime/provision/provision.js';
import type { Points } from '../../../runtime/provision/suspend/points.js';
import { checkpointOf } from '../../../runtime/worker/checkpoint-of.js';
import type { SliceWatch } from '../../../runtime/worker/gauge.js';
import { Instance, type Still } from '../../../runtime/worker/instance.js';
import { Loaded } from '../../../runtime/worker/loaded.js';
import type { Ending } from '../../../runtime/worker/outcome.js';
import { RunContext } from '../../../runtime/worker/run-context.js';
import type { Wish } from '../../../runtime/worker/suspension.js';
import { requestOf, type Asked } from '../run-request.js';
import type { BuiltTask } from '../built-task.js';

export interface Prepared {
  readonly loaded: Loaded;
  readonly key: string;
  readonly cacheDir: string;
}

/** Prepares a component in a cache of its own, which `use` has for as long as it takes. */
export async function prepared<Result>(
  component: Uint8Array,
  points: Points | undefined,
  use: (prepared: Prepared) => Result | Promise<Result>,
  memoryBytes = 64 * 1024 * 1024,
): Promise<Result> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'sterna-suspend-'));
  try {
    const made = await provision(component, { memoryBytes, resumable: points });
    await new ArtifactCache(cacheDir).store(made);
    const { key } = made.artifact;
    return await use({ loaded: new Loaded(key, cacheDir), key, cacheDir });
  } finally {
    await rm(cacheDir, { recursive: true });
  }
}

/** What a run came to, as text that can be compared. */
export interface Came {
  readonly ending: string;
  readonly effects: string;
  readonly reads: string;
  readonly log: string;
  readonly fuel: number;
  readonly memory: string;
  readonly memoryBytes: number;
  /** How often the run stood still. */
  readonly stops: number;
}

/** What can be seen of a run: all but how often it stood still. */
export function outside(came: Came): Omit<Came, 'stops'> {
  return { ...came, stops: undefined } as Omit<Came, 'stops'>;
}

export interface Stepping {
  readonly task: Pick<BuiltTask, 'manifest'>;
  readonly asked?: Asked;
  readonly sliceFuel?: number;
  /** At each point of execution, by its number. */
  readonly wish?: (point: number) => Wish;
  /** A run that is left goes on from what this makes of its checkpoint, in another instance. */
  readonly carry?: (bytes: Uint8Array) => Uint8Array;
}

const WATCH: SliceWatch = { now: () => 0, cancelled: () => false, sliceEnded: () => undefined };

/** Runs to the end, whatever happens on the way. */
export function run({ loaded, key }: Prepared, stepping: Stepping): Came {
  const { sliceFuel, wish = () => 'go-on', carry = (bytes: Uint8Array) => bytes } = stepping;
  const request = requestOf(stepping.task, { key }, stepping.asked);
  let point = 0;
  let stops = 0;
  const wishes = (): Wish => wish(point++);
  const begin = (): { instance: Instance; context: RunContext } => {
    const instance = new Instance(
      loaded,
      (executing) => {
        executing.gauge.begin(request.limits.fuel, Infinity, WATCH);
        return new RunContext(request, executing, undefined);
      },
      sliceFuel,
    );
    instance.save();
    const context = new RunContext(request, instance, undefined);
    instance.gauge.begin(request.limits.fuel, Infinity, WATCH);
    return { instance, context };
  };
  let { instance, context } = begin();
  let ending: Ending | Still = instance.handle(context, request.event, loaded.resumable && wishes);
  while (ending.type === 'still') {
    stops++;
    if (ending.wish === 'copy') {
      ending = instance.goOn(context);
      continue;
    }
    const checkpoint = checkpointOf({ run: context, instance, loaded, fuel: ending.fuel, wallMs: 0 });
    const carried = decodeCheckpoint(carry(encodeCheckpoint(checkpoint)));
    ({ instance, context } = begin());
    context.continueFrom(carried.collected);
    instance.gauge.continueFrom(carried.used.fuel);
    ending = instance.continue(context, carried.guest, wishes);
  }
  return came(instance, context, ending, stops);
}

function came(instance: Instance, context: RunContext, ending: Ending, stops: number): Came {
  context.endLines();
  const { memories } = instance.capture();
  const memory = createHash('sha256');
  for (const { length, pages } of memories) {
    memory.update(`${length}:`);
    for (const { index, bytes } of pages) memory.update(`${index}:`).update(bytes ?? '');
  }
  return {
    ending: ending.type === 'threw' ? `threw ${String(ending.error)}` : JSON.stringify(ending),
    effects: JSON.stringify(context.effects),
    reads: JSON.stringify(context.reads),
    log: JSON.stringify(context.log),
    fuel: instance.gauge.used,
    memory: memory.digest('hex'),
    memoryBytes: instance.memoryBytes,
    stops,
  };
}
