import type { RunRequest } from '../../runtime/index.js';

/** A run's task. Runs are named for their event and their task, which has no slash in its name. */
export function taskOf({ runId }: Pick<RunRequest, 'runId'>): string {
  return runId.slice(runId.lastIndexOf('/') + 1);
}
