/** What a provider is asked to execute, and why: pure, from what is deployed and what was asked for. */
import type { TaskSpec } from '../../provider/protocol/index.js';
import type { DeployedTask } from '../registry/index.js';
import type { App } from './app.js';
import type { PlacementPolicy } from './policy.js';
import { privateTrigger, taintedBuckets } from './private-state.js';

/** What is known of the moment. */
export interface Conditions {
  readonly onBattery: boolean;
  /** What goes over the network costs money. */
  readonly metered: boolean;
  /** The machine is; left out where nothing is known of that. */
  readonly isHot?: boolean;
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

/**
 * One for each task, in their order.
 * @param learnt Buckets that may hold what tasks learnt that are not there any more: see `LearntBuckets`.
 */
export function planTasks(
  tasks: readonly Placeable[],
  app: App,
  conditions: Conditions,
  learnt: ReadonlyMap<string, string> = new Map(),
): readonly PlannedTask[] {
  const tainted = taintedBuckets(
    tasks.map(({ manifest }) => manifest),
    app.privateTopics,
    learnt,
  );
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
    const topic = privateTrigger(manifest, app.privateTopics);
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
    const weight = app.weightUnder(conditions);
    const under = conditions.onBattery ? 'on battery' : 'while it is hot';
    const spared = policy === 'auto' && weight > 1 ? `; ${under}, work here counts ${weight} times` : '';
    const nowhereElse = policy === 'remote-only' ? '; its runs wait while none takes it' : '';
    return { task, policy, isRemote: true, reason: `A provider may execute it, as ${reason}${spared}${nowhereElse}.` };
  });
}

/**
 * The tasks that a provider is asked to execute. Those that may execute nowhere else come first, as a provider refuses
 * what is too much from the end.
 * @param sizeOf a component by its digest; one without is left out.
 */
export function remoteConfiguration(
  tasks: readonly DeployedTask[],
  planned: readonly PlannedTask[],
  sizeOf: (digest: string) => number | undefined,
): readonly TaskSpec[] {
  const remote = new Set(planned.filter(({ isRemote }) => isRemote).map(({ task }) => task));
  const remoteOnly = new Set(planned.filter(({ policy }) => policy === 'remote-only').map(({ task }) => task));
  const mayStay = ({ manifest: { name } }: DeployedTask): number => (remoteOnly.has(name) ? 0 : 1);
  return tasks
    .toSorted((a, b) => mayStay(a) - mayStay(b))
    .flatMap(({ manifest, installed }): TaskSpec[] => {
      const bytes = sizeOf(installed.digest);
      if (!remote.has(manifest.name) || bytes === undefined) return [];
      const { name, limits, grants, config, subjects } = manifest;
      const resumable = manifest.resumable?.points;
      return [{ name, digest: installed.digest, bytes, limits, grants, config, subjects, resumable }];
    });
}
