/** The tasks that a hub has when it starts, and their components. */
import { deployTasks, KeptTasks, type DeployParts } from '../deployments/index.js';
import type { FirstTasks, Rooms } from './rooms.js';

interface FirstTasksNeeds extends Pick<Rooms, 'around' | 'foundation' | 'queues'> {
  readonly dataDir: string;
  /** See `HubOptions`. */
  readonly taskDirs: readonly string[];
}

/** Deploys all that can be. */
export async function deployFirst({ around, foundation, queues, ...options }: FirstTasksNeeds): Promise<FirstTasks> {
  const { placement, observe, log } = around;
  const { components, runtime, keepsRecords } = foundation;
  const { registry, lanes } = queues;
  // Without it a run cannot be executed again, or go on under a hub with another version: no reason not to execute it.
  const keepComponent: DeployParts['keep'] = async ({ digest, resumable }, component) => {
    if (!keepsRecords && placement === undefined && resumable === undefined) return;
    await components.keep(digest, component).catch((error: unknown) => {
      log.warn({ err: error, digest }, 'a component could not be kept: its runs cannot be replayed');
    });
  };
  const kept = await KeptTasks.open(options.dataDir);
  const deploying: DeployParts = {
    runtime,
    registry,
    observe,
    keep: keepComponent,
    isKept: (name) => kept.has(name),
    shadowed: (task, source) => log.warn({ task, source }, 'left out, as a task of this name was deployed to this hub'),
  };
  // Those that were deployed come first: of two with one name, the first counts.
  for (const dirs of [kept.folders, options.taskDirs])
    for await (const task of deployTasks(dirs, deploying)) lanes.add(task);
  const retireComponents = async (): Promise<void> => {
    const wanted = [...registry.tasks, ...lanes.leavingTasks];
    const deployed = new Set(wanted.map(({ installed }) => installed.digest));
    await components.retireAllBut(deployed).catch((error: unknown) => {
      log.warn({ err: error }, 'components of earlier tasks could not be looked through');
    });
  };
  return { kept, keepComponent, retireComponents };
}
