/** What has not begun when its task gets a new version, as that version's. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { filterMatches } from '../../runtime/index.js';
import type { Trigger } from '../manifest/index.js';
import type { PendingRun } from '../pending-run.js';
import { matchOf, type DeployedTask } from '../registry/index.js';

/** The trigger of a new version that a run of the old one is for; undefined when there is none. */
export function triggerFor({ event, task: before, trigger }: PendingRun, task: DeployedTask): Trigger | undefined {
  const { triggers } = task.manifest;
  const matching = triggers.find(({ pattern }) => filterMatches(pattern.filter, event.topic));
  if (matching !== undefined || before.manifest.triggers.includes(trigger)) return matching;
  // Asked for by hand, whatever the triggers say: its own is a copy without shaping.
  return trigger;
}

/** A run as one of another version of its task. @param arrivedMs When its event came, by the monotonic clock. */
export function runOf(run: PendingRun, task: DeployedTask, trigger: Trigger, arrivedMs: number): PendingRun {
  const { captures, key, shapingKey } = matchOf(task, trigger, run.event.topic);
  const { ttlMs } = task.manifest.schedule;
  const expires = ttlMs !== undefined && run.task.manifest.triggers.includes(run.trigger);
  return {
    ...run,
    task,
    trigger,
    event: { ...run.event, captures },
    key,
    shapingKey,
    expiresAtMs: expires ? arrivedMs + ttlMs : Infinity,
  };
}

/** Triggers whose shaping does the same in both versions, with the same keys: what it remembers stays. */
export function keptShaping(before: DeployedTask, after: DeployedTask): readonly (readonly [Trigger, Trigger])[] {
  if (!isDeepStrictEqual(before.manifest.schedule.key, after.manifest.schedule.key)) return [];
  const left = new Set(after.manifest.triggers.filter(({ shaping }) => shaping !== undefined));
  return before.manifest.triggers.flatMap((trigger) => {
    const same = [...left].find(
      ({ pattern, shaping }) =>
        isDeepStrictEqual(pattern, trigger.pattern) && isDeepStrictEqual(shaping, trigger.shaping),
    );
    if (same === undefined) return [];
    left.delete(same);
    return [[trigger, same] as const];
  });
}
