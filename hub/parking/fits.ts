import { createHash } from 'node:crypto';
import type { DeployedTask } from '../registry/index.js';

const known = new WeakMap<DeployedTask, string>();

/**
 * Names all that a run of a task is given, besides its event: component, instrumentation, version, limits, grants and
 * configuration. A checkpoint is resumed only where it is the same: anything else might make a result that no run of
 * either version has.
 */
export function fitsOf(task: DeployedTask): string {
  const before = known.get(task);
  if (before !== undefined) return before;
  const { version, limits, grants, config, subjects, isolation } = task.manifest;
  const { digest, resumable } = task.installed;
  const given = JSON.stringify([version, digest, resumable, limits, grants, config, subjects, isolation]);
  const fits = createHash('sha256').update(given).digest('hex');
  known.set(task, fits);
  return fits;
}
