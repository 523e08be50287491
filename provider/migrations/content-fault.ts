/** Whether what came is the run that it is said to be, under the limits and grants of its task. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { authorityOf, CheckpointFault, decodeCheckpoint } from '../../runtime/index.js';
import type { TaskSpec } from '../protocol/index.js';
import type { PointContent } from '../protocol/migration/index.js';

/** @returns what is wrong, in words; undefined if nothing is. */
export function contentFault({ anchor, difference }: PointContent, id: string, spec: TaskSpec): string | undefined {
  for (const checkpoint of [anchor, difference]) {
    const fault = checkpoint && checkpointFault(checkpoint, id, spec);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function checkpointFault(bytes: Uint8Array, id: string, spec: TaskSpec): string | undefined {
  try {
    const { component, request } = decodeCheckpoint(bytes);
    const { runId, config, subjects, isolationKey } = request;
    if (component !== spec.digest) return `its checkpoint is of the component ${component}: the task is ${spec.digest}`;
    if (!id.startsWith(`${runId}#`)) return `its checkpoint is of the run ${runId}: the migration is ${id}`;
    if (authorityOf(request) !== authorityOf(spec)) return 'its checkpoint has other limits or grants than its task';
    if (subjects !== spec.subjects || !isDeepStrictEqual({ ...config }, { ...spec.config })) {
      return 'its checkpoint has another configuration than its task';
    }
    if (isolationKey !== undefined) return 'it keeps memory between events, which a run that moves cannot';
    return undefined;
  } catch (error) {
    if (error instanceof CheckpointFault) return `its checkpoint cannot be read: ${error.message}`;
    throw error;
  }
}
