/** Checkpoints that cannot be resumed here. */
import type { Checkpoint } from './checkpoint.js';
import { CheckpointFault } from './format.js';
import type { Resumable } from '../provision/suspend/suspend.js';
import { refuseMisshapen } from './misshapen.js';

/** A component as it is prepared here. */
export interface Home {
  /** sha256 of the component file, in hex. */
  readonly digest: string;
  /** How its runs are suspended; undefined where they are not. */
  readonly resumable: Pick<Resumable, 'instrumentation' | 'shape'> | undefined;
}

/** @throws CheckpointFault when a checkpoint's frames and memory are not, or cannot be, of this component as it is prepared here. */
export function refuseForeign(checkpoint: Checkpoint, here: Home): void {
  const { component, instrumentation, base } = checkpoint;
  if (component !== here.digest) {
    throw new CheckpointFault(`it is of the component ${component}: the task is ${here.digest}`);
  }
  if (here.resumable === undefined || instrumentation !== here.resumable.instrumentation) {
    const prepared = here.resumable?.instrumentation ?? 'not resumable';
    throw new CheckpointFault(`it was taken from code prepared as ${instrumentation}: here it is ${prepared}`);
  }
  if (base !== undefined) throw new CheckpointFault(`it is a difference to ${base}: apply it to that first`);
  refuseMisshapen(checkpoint, here.resumable.shape);
}
