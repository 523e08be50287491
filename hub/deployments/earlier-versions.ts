/** Versions that are not in force any more, of which runs go on: as an earlier hub has kept them. */
import type { Runtime } from '../../runtime/index.js';
import { install } from './deploy.js';
import type { KeptComponents } from './kept-components.js';
import { DEPLOYMENT_BOUNDS } from './limits.js';
import type { Logger } from '../log.js';
import { parseManifest } from '../manifest/index.js';
import { fitsOf } from '../parking/index.js';
import type { DeployedTask, Registry } from '../registry/index.js';
import type { BegunVersion, StoredMove, StoredPoint } from '../store/index.js';

export interface EarlierVersionsParts {
  /** Runs that have begun. Of too many versions, those of the first ones count. */
  readonly begun: readonly Pick<StoredMove | StoredPoint, 'fits' | 'version'>[];
  readonly registry: Pick<Registry, 'get' | 'tasks'>;
  readonly runtime: Pick<Runtime, 'install' | 'uninstall'>;
  readonly components: Pick<KeptComponents, 'find'>;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Installs them, where the version in force lets runs finish on the old one.
 * @returns them by what their runs were given: see `StoredPoint.fits`.
 */
export async function earlierVersions(parts: EarlierVersionsParts): Promise<ReadonlyMap<string, DeployedTask>> {
  const { begun, registry, runtime, log } = parts;
  const found = new Map<string, DeployedTask>();
  const unfit: DeployedTask[] = [];
  const inForce = new Set(registry.tasks.map(fitsOf));
  for (const [fits, version] of new Map(begun.map((run) => [run.fits, run.version]))) {
    if (inForce.has(fits) || version === undefined) continue;
    if (found.size >= DEPLOYMENT_BOUNDS.earlierVersions) {
      log.warn({ versions: found.size }, 'runs of more earlier versions than these begin anew');
      break;
    }
    const task = await installed(version, parts);
    if (task === undefined) continue;
    if (typeof task === 'object' && fitsOf(task) === fits) {
      found.set(fits, task);
      continue;
    }
    if (typeof task === 'object') unfit.push(task);
    const reason = typeof task === 'object' ? 'its component is prepared otherwise now' : task;
    log.warn({ reason }, 'a run cannot go on on the version that it began on');
  }
  const wanted = new Set([...registry.tasks, ...found.values()].map((task) => task.installed.key));
  for (const { installed } of unfit) if (!wanted.has(installed.key)) runtime.uninstall(installed.key);
  return found;
}

/** @returns why it cannot be had, in words; undefined when it is not wanted. */
async function installed(
  { digest, toml }: BegunVersion,
  { registry, runtime, components }: EarlierVersionsParts,
): Promise<DeployedTask | string | undefined> {
  const parsed = parseManifest(toml, 'task.toml');
  if (!parsed.ok) return 'its task.toml is none any more';
  const { manifest } = parsed;
  const policy = registry.get(manifest.name)?.manifest.resumable?.onNewVersion ?? 'finish-on-old';
  if (policy !== 'finish-on-old') return undefined;
  const bytes = await components.find(digest);
  if (bytes === undefined) return `its component ${digest} is not kept any more`;
  const ready = await install(runtime, bytes, manifest);
  return typeof ready === 'string' ? ready : { manifest, installed: ready, toml };
}
