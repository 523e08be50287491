import t from 'tap';
import { parseApp } from '../../../hub/placement/index.js';
import { planTasks, remoteConfiguration } from '../../../hub/placement/remote-configuration.js';
import { parseManifest } from '../../../hub/manifest/index.js';
import type { DeployedTask } from '../../../hub/registry/index.js';

const DIGEST = 'ab'.repeat(32);
const CALM = { onBattery: false, metered: false };

function deployed(toml: string): DeployedTask {
  const parsed = parseManifest(`name = "a"\nversion = "1.0.0"\n${toml}\n[[trigger]]\ntopic = "in/+"\n`, 'task.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const installed = { key: 'k', digest: DIGEST, imports: [], initialMemoryBytes: 0, startFuel: 0 };
  return { manifest: parsed.manifest, installed, toml: '' };
}

const parsed = parseApp('name = "app"\n', 'app.toml');
if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
const { app } = parsed;

t.test('a provider is told where runs of a resumable task can stand still, and of other tasks nothing', (t) => {
  const points = (toml: string): readonly unknown[] => {
    const tasks = [deployed(toml)];
    return remoteConfiguration(tasks, planTasks(tasks, app, CALM), () => 10).map(({ resumable }) => resumable);
  };
  t.strictSame(points(''), [undefined]);
  t.strictSame(points('resumable = true'), ['loops']);
  t.strictSame(points('resumable = true\ncheckpoint = { points = "all" }'), ['all']);
  t.end();
});
