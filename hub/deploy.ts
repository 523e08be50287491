import { RuntimeError, type InstalledTask, type Runtime } from '../runtime/index.js';
import type { Observer } from './events.js';
import { HUB_BOUNDS } from './limits.js';
import { loadTasks, type DeployedTask, type LoadedTask, type Registry } from './registry/index.js';

export interface DeployParts {
  readonly runtime: Pick<Runtime, 'install'>;
  readonly registry: Registry;
  readonly observe: Observer;
}

/**
 * Loads the tasks of some folders, has the runtime prepare them, and adds
 * them to the registry. A task that cannot be deployed is reported, with all
 * that is wrong with it, and does not stop the others.
 */
export async function* deployTasks(dirs: readonly string[], parts: DeployParts): AsyncGenerator<DeployedTask> {
  const { registry, observe } = parts;
  for await (const loaded of loadTasks(dirs)) {
    const deployed = await deploy(loaded, parts);
    if (!deployed.ok) {
      observe({ kind: 'task-refused', source: loaded.source, problems: deployed.problems });
      continue;
    }
    const { task, componentBytes } = deployed;
    registry.add(task);
    const { name, version, triggers } = task.manifest;
    const { digest, imports } = task.installed;
    const filters = triggers.map(({ pattern }) => pattern.filter);
    observe({ kind: 'task-loaded', task: name, version, digest, componentBytes, imports, filters });
    yield task;
  }
}

type Deployed =
  | { readonly ok: true; readonly task: DeployedTask; readonly componentBytes: number }
  | { readonly ok: false; readonly problems: readonly string[] };

async function deploy(loaded: LoadedTask, { registry, runtime }: DeployParts): Promise<Deployed> {
  if (!loaded.ok) return { ok: false, problems: loaded.problems };
  const { manifest, component, source } = loaded;
  const refuse = (problem: string): Deployed => ({ ok: false, problems: [`${source}: ${problem}`] });
  if (registry.has(manifest.name)) return refuse(`another task is called "${manifest.name}": give each its own name`);
  if (registry.tasks.length >= HUB_BOUNDS.tasks) return refuse(`a hub must have at most ${HUB_BOUNDS.tasks} tasks`);
  let installed: InstalledTask;
  try {
    installed = await runtime.install(component, manifest.limits);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code === 'closed') throw error;
    return refuse(error.message);
  }
  return { ok: true, task: { manifest, installed }, componentBytes: component.length };
}
