import type { Terms } from '../../provider/protocol/migration/index.js';
import type { RunRequest } from '../../runtime/index.js';
import type { DeployedTask } from '../registry/index.js';
import { MIGRATION_BOUNDS } from './limits.js';
import type { Links } from './links.js';

/** What the hub wants of a run, as things are now, wherever it is to execute. */
export function termsOf(
  task: DeployedTask,
  request: RunRequest,
  links: Pick<Links, 'prospects'>,
): Omit<Terms, 'executes'> {
  const everyMs = task.manifest.resumable?.everyMs ?? MIGRATION_BOUNDS.pointMs;
  return {
    pointMs: Math.min(everyMs, MIGRATION_BOUNDS.pointMs),
    reclaimMs: MIGRATION_BOUNDS.reclaimMs,
    responsible: undefined,
    mode: undefined,
    ...links.prospects(task, request),
  };
}
