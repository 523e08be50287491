/** What tasks may learn of topics that must not leave the hub, and where they may keep it. Pure. */
import { filterCovers } from '../../runtime/index.js';
import type { Manifest } from '../manifest/index.js';
import { filtersOverlap } from './filters-overlap.js';
import { LOCAL_TOPICS } from './policy.js';

type Learning = Pick<Manifest, 'name' | 'triggers' | 'grants'>;

/**
 * The first of a task's triggers that is for private messages. A trigger for everything is not meant for local/
 * alone: its events are looked at when they come.
 */
export function privateTrigger(task: Learning, privateTopics: readonly string[]): string | undefined {
  return filtersOf(task).find(
    (trigger) => filterCovers(LOCAL_TOPICS, trigger) || privateTopics.some((filter) => filtersOverlap(filter, trigger)),
  );
}

/**
 * The buckets that may hold what came with a private message, and the task that may have written it there: one that
 * such a message may wake, be it one event of many, or one that reads such a bucket. A bucket is replicated as a whole.
 * @param learnt Those that are known to be such, whatever these tasks are.
 */
export function taintedBuckets(
  tasks: readonly Learning[],
  privateTopics: readonly string[],
  learnt: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const tainted = new Map(learnt);
  const secret = [LOCAL_TOPICS, ...privateTopics];
  const mayLearn = (task: Learning): boolean =>
    filtersOf(task).some((trigger) => secret.some((filter) => filtersOverlap(filter, trigger))) ||
    Object.values(task.grants.buckets).some(({ id }) => tainted.has(id));
  for (let before = -1; before < tainted.size;) {
    before = tainted.size;
    for (const task of tasks) {
      if (!mayLearn(task)) continue;
      for (const { id, access } of Object.values(task.grants.buckets)) {
        if (access === 'read-write' && !tainted.has(id)) tainted.set(id, task.name);
      }
    }
  }
  return tainted;
}

function filtersOf({ triggers }: Learning): readonly string[] {
  return triggers.map(({ pattern }) => pattern.filter);
}
