import { RuntimeError, type InstalledTask, type Runtime } from '../../runtime/index.js';
import type { Observation, Observer } from '../observations.js';
import { DEPLOYMENT_BOUNDS } from './limits.js';
import type { Manifest } from '../manifest/index.js';
import { loadTasks, type DeployedTask, type LoadedTask, type Registry } from '../registry/index.js';

export interface DeployParts {
  readonly runtime: Pick<Runtime, 'install'>;
  readonly registry: Registry;
  readonly observe: Observer;
  /** Called for each that is left out, as its name is that of a task which was deployed to this hub. */
  readonly shadowed: (name: string, source: string) => void;
  /** Whether a task with that name was deployed to this hub. */
  readonly isKept: (name: string) => boolean;
  /** Keeps the component of a task, so that its runs can be executed again, or go on. */
  readonly keep: (installed: InstalledTask, component: Uint8Array) => Promise<void>;
}

/**
 * Loads the tasks of some folders, has the runtime prepare them, and adds
 * them to the registry. A task that cannot be deployed is reported, with all
 * that is wrong with it, and does not stop the others.
 */
export async function* deployTasks(dirs: readonly string[], parts: DeployParts): AsyncGenerator<DeployedTask> {
  const { registry, observe } = parts;
  for await (const loaded of loadTasks(dirs)) {
    if (loaded.ok && registry.has(loaded.manifest.name) && parts.isKept(loaded.manifest.name)) {
      parts.shadowed(loaded.manifest.name, loaded.source);
      continue;
    }
    const deployed = await deploy(loaded, parts);
    if (!deployed.ok) {
      observe({ kind: 'task-refused', source: loaded.source, problems: deployed.problems });
      continue;
    }
    const { task, componentBytes } = deployed;
    registry.add(task);
    observe(taskLoaded(task, componentBytes));
    yield task;
  }
}

export function taskLoaded({ manifest, installed }: DeployedTask, componentBytes: number): Observation {
  const { name, version, triggers } = manifest;
  const { digest, imports } = installed;
  const filters = triggers.map(({ pattern }) => pattern.filter);
  return { kind: 'task-loaded', task: name, version, digest, componentBytes, imports, filters };
}

type Deployed =
  | { readonly ok: true; readonly task: DeployedTask; readonly componentBytes: number }
  | { readonly ok: false; readonly problems: readonly string[] };

async function deploy(loaded: LoadedTask, { registry, runtime, keep }: DeployParts): Promise<Deployed> {
  if (!loaded.ok) return { ok: false, problems: loaded.problems };
  const { manifest, toml, component, source } = loaded;
  const refuse = (problem: string): Deployed => ({ ok: false, problems: [`${source}: ${problem}`] });
  if (registry.has(manifest.name)) return refuse(`another task is called "${manifest.name}": give each its own name`);
  if (registry.tasks.length >= DEPLOYMENT_BOUNDS.tasks)
    return refuse(`a hub must have at most ${DEPLOYMENT_BOUNDS.tasks} tasks`);
  const installed = await install(runtime, component, manifest);
  if (typeof installed === 'string') return refuse(installed);
  await keep(installed, component);
  return { ok: true, task: { manifest, installed, toml }, componentBytes: component.length };
}

/** Has the runtime prepare a component. @returns why it will not, in words, when the component is to blame. */
export async function install(
  runtime: Pick<Runtime, 'install'>,
  component: Uint8Array,
  { limits, resumable }: Pick<Manifest, 'limits' | 'resumable'>,
): Promise<InstalledTask | string> {
  try {
    return await runtime.install(component, limits, { resumable: resumable?.points });
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code === 'closed') throw error;
    return error.message;
  }
}
