import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder for the replicas of one process. Those of processes that are over are removed: copies of hubs' state are
 * nobody's after a restart. That of one that runs stays, so that a second start by mistake takes nothing from it.
 *
 * @param pid Of this process.
 */
export function openReplicaFolder(parent: string, pid: number): string {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(parent)) {
    if (name !== String(pid) && isRunning(Number(name))) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
  const folder = join(parent, String(pid));
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is somebody else's, and there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
