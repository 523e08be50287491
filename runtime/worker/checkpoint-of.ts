/** Runs that stand still as checkpoints. */
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Named } from '../checkpoint/delta.js';
import type { Fuel } from '../task.js';
import type { Instance } from './instance.js';
import type { Loaded } from './loaded.js';
import type { RunContext } from './run-context.js';

/** A run that stands still, and what is known of it. */
export interface StandingStill {
  readonly run: RunContext;
  readonly instance: Instance;
  readonly loaded: Loaded;
  readonly fuel: Fuel;
  readonly wallMs: number;
  /** The checkpoint that its memory is to be the difference to, which is none itself; undefined for all of it. */
  readonly base?: Named | undefined;
}

export function checkpointOf({ run, instance, loaded, fuel, wallMs, base }: StandingStill): Checkpoint {
  const { task: _, ...request } = run.request;
  return {
    component: loaded.digest,
    instrumentation: loaded.resumable?.instrumentation ?? '',
    request,
    progress: run.progress,
    used: { fuel, wallMs, hostMs: run.hostMs, peakMemoryBytes: instance.memoryBytes },
    collected: run.collected(),
    guest: instance.capture(base?.checkpoint.guest.memories),
    base: base?.digest,
  };
}
