/** Deploys tasks to a hub under test. */
import { writeFileSync } from 'node:fs';
import type { DeployResult } from '../../../hub/deployments/index.js';
import type { Hub } from '../../../hub/hub.js';

/** @param component The bytes of its component: the fake runtime's key of the task. */
export function deploy(hub: Hub, manifest: string, component = 'new'): Promise<DeployResult> {
  const file = hub.deployments.incoming();
  writeFileSync(file, component);
  const toml = `version = "2.0.0"\ncomponent = "build/c.wasm"\n${manifest}`;
  return hub.deployments.deploy({ toml, component: file });
}
