/** Checkpoints that cannot be resumed here. */
import type { Checkpoint } from './checkpoint.js';
import { CheckpointFault } from './format.js';

/** A component as it is prepared here. */
export interface Home {
  /** sha256 of the component file, in hex. */
  readonly digest: string;
  /** `Artifact.resumable.instrumentation`. */
  readonly instrumentation: string | undefined;
}

/** @throws CheckpointFault when a checkpoint's frames and memory are not of this component as it is prepared here. */
export function refuseForeign({ component, instrumentation, base }: Checkpoint, here: Home): void {
  if (component !== here.digest) {
    throw new CheckpointFault(`it is of the component ${component}: the task is ${here.digest}`);
  }
  if (instrumentation !== here.instrumentation) {
    const prepared = here.instrumentation ?? 'not resumable';
    throw new CheckpointFault(`it was taken from code prepared as ${instrumentation}: here it is ${prepared}`);
  }
  if (base !== undefined) throw new CheckpointFault(`it is a difference to ${base}: apply it to that first`);
}
