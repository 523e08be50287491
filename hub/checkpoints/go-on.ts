/** Goes on with a run from a checkpoint, in a runtime of its own. */
import {
  CheckpointFault,
  decodeCheckpoint,
  MAX_LIMITS,
  POINTS,
  type Points,
  type RunResult,
  type Runtime,
  type RuntimeOptions,
} from '../../runtime/index.js';

export interface GoOnParts {
  readonly component: Uint8Array;
  /** As it was prepared where the checkpoint was taken. */
  readonly points: Points;
  /** For the prepared component; a folder that nobody else uses. */
  readonly cacheDir: string;
  readonly startRuntime: (options: RuntimeOptions) => Promise<Runtime>;
}

/** How the component was prepared. @throws CheckpointFault when that is not known here. */
export function pointsOf(checkpoint: Uint8Array): Points {
  const { instrumentation } = decodeCheckpoint(checkpoint);
  const points = POINTS.find((one) => instrumentation.split('/')[1] === one);
  if (points !== undefined) return points;
  throw new CheckpointFault(`it was taken from code prepared as ${instrumentation}, which this Sterna does not know`);
}

/**
 * What the run reads of state that it had not read before is not here: it is trapped then, with a message that names it.
 * @throws RuntimeError when the component is refused, or the checkpoint is not of it.
 */
export async function goOn(checkpoint: Uint8Array, parts: GoOnParts): Promise<RunResult> {
  const { component, points, cacheDir, startRuntime } = parts;
  const { memoryBytes } = decodeCheckpoint(checkpoint).request.limits;
  const runtime = await startRuntime({
    threads: 1,
    cacheDir,
    state: { module: new URL('../records/recorded-state.js', import.meta.url), options: { reads: [], pages: [] } },
  });
  try {
    const { key } = await runtime.install(component, { ...MAX_LIMITS, memoryBytes }, { resumable: points });
    const end = await runtime.resume(checkpoint, key).end;
    if (end.kind === 'ended') return end.result;
    throw new Error('Cannot go on with the run as it stands still, which nobody asked for');
  } finally {
    await runtime.close();
  }
}
