import type { DeployedTask } from '../registry/index.js';
import type { BegunVersion } from '../store/index.js';

/** The version of a task, as the next start finds it again. */
export function versionOf({ installed, toml }: DeployedTask): BegunVersion {
  return { digest: installed.digest, toml };
}
