/** What a provider is asked to execute, and why: pure, from what is deployed and what was asked for. */
import type { TaskSpec } from '../../provider/protocol/index.js';
import { filterCovers } from '../../runtime/index.js';
import type { DeployedTask } from '../registry/index.js';
import type { App } from './app.js';
import { filtersOverlap } from './filters-overlap.js';
import { LOCAL_TOPICS, type PlacementPolicy } from './policy.js';

/** What is known of the moment. */
export interface Conditions {
  readonly onBattery: boolean;
  /** What goes over the network costs money. */
  readonly metered: boolean;
}

/** A task's part in it, in words as well. */
export interface PlannedTask {
  readonly task: string;
  readonly policy: PlacementPolicy;
  /** Whether a provider is asked to execute it. */
  readonly isRemote: boolean;
  /** One sentence. */
  readonly reason: string;
}

/** A task as far as placement looks at it: what `sterna app plan` has before a hub runs. */
export type Placeable = Pick<DeployedTask, 'manifest'>;

/** One for each task, in their order. */
export function planTasks(tasks: readonly Placeable[], app: App, conditions: Conditions): readonly PlannedTask[] {
  const tainted = taintedBuckets(tasks, app);
  return tasks.map(({ manifest }) => {
    const task = manifest.name;
    const { policy, reason } = app.placementOf(task);
    const stays = (why: string): PlannedTask => ({
      task,
      policy,
      isRemote: false,
      reason: `It stays here, as ${why}.`,
    });
    if (policy === 'local-only') return stays(reason);
    const topic = privateTopic({ manifest }, app);
    if (topic !== undefined) return stays(`its trigger ${topic} may bring what must not leave the hub`);
    if (manifest.isolation === 'key')
      return stays('it keeps memory between events of a key, which one place must have');
    for (const [name, { id }] of Object.entries(manifest.grants.buckets)) {
      if (!/^(task|shared)\//.test(id)) return stays(`the bucket ${name} is the hub's own, and is not replicated`);
      const by = tainted.get(id);
      if (by !== undefined)
        return stays(`the bucket ${name} may hold what ${by} learnt of topics that must not leave the hub`);
    }
    if (conditions.metered && app.preferences.avoidMetered && policy !== 'remote-only') {
      return stays('the network is metered, and the application avoids that');
    }
    return { task, policy, isRemote: true, reason: `A provider may execute it, as ${reason}.` };
  });
}

/** The tasks that a provider is asked to execute. @param sizeOf a component by its digest; one without is left out. */
export function remoteConfiguration(
  tasks: readonly DeployedTask[],
  planned: readonly PlannedTask[],
  sizeOf: (digest: string) => number | undefined,
): readonly TaskSpec[] {
  const remote = new Set(planned.filter(({ isRemote }) => isRemote).map(({ task }) => task));
  return tasks.flatMap(({ manifest, installed }): TaskSpec[] => {
    const bytes = sizeOf(installed.digest);
    if (!remote.has(manifest.name) || bytes === undefined) return [];
    const { name, limits, grants, config, subjects } = manifest;
    return [{ name, digest: installed.digest, bytes, limits, grants, config, subjects }];
  });
}

/** Buckets that a task writes which is woken by private topics, and that task. */
function taintedBuckets(tasks: readonly Placeable[], app: App): ReadonlyMap<string, string> {
  const tainted = new Map<string, string>();
  for (const task of tasks) {
    if (privateTopic(task, app) === undefined) continue;
    for (const { id, access } of Object.values(task.manifest.grants.buckets)) {
      if (access === 'read-write') tainted.set(id, task.manifest.name);
    }
  }
  return tainted;
}

/** The first of a task's triggers that may bring a private message. */
function privateTopic({ manifest }: Placeable, app: App): string | undefined {
  const filters = [LOCAL_TOPICS, ...app.privateTopics];
  return manifest.triggers
    .map(({ pattern }) => pattern.filter)
    .find((trigger) =>
      filters.some((filter) =>
        // A trigger for everything is not meant for local/ alone: each event is looked at when it comes.
        filter === LOCAL_TOPICS ? filterCovers(LOCAL_TOPICS, trigger) : filtersOverlap(filter, trigger),
      ),
    );
}
