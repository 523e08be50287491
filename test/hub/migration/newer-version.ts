/** Another version of the task whose runs move in these tests. */
import { writeFileSync } from 'node:fs';
import { builtTask } from '../../runtime/built-task.js';
import { longToml, type RealHub } from '../parking/real-hub.js';

/** Deploys it. @param change of the component, which must do the same. */
export async function deployNewer(
  { hub }: RealHub,
  policy: 'finish-on-old' | 'cancel' | 'restart-on-new' = 'finish-on-old',
  change: (component: Uint8Array) => Uint8Array = (component) => component,
): Promise<void> {
  const { component } = await builtTask('test/fixtures/guests/probe');
  const file = hub.deployments.incoming();
  writeFileSync(file, change(component));
  const checkpoint = `every = "100 ms"\nonNewVersion = "${policy}"\n[config]\nnewer = "yes"\n`;
  const toml = longToml('long', '', checkpoint).replace('1.0.0', '2.0.0');
  const deployed = await hub.deployments.deploy({ toml, component: file });
  if (deployed.kind !== 'deployed') throw new Error(JSON.stringify(deployed));
}
