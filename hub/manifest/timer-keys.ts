/** Which keys of a `[[trigger]]` go together: a topic or a timer is said in keys of its own. */
import type { KeyPath } from './key-lines.js';

/** A key that is missing, or should not be there. */
interface KeyFault {
  readonly path: KeyPath;
  readonly message: string;
}

/** What wakes the task: a trigger has exactly one of them. */
const CAUSES = ['topic', 'cron', 'every'] as const;
type Cause = (typeof CAUSES)[number];

/** The keys that belong to some causes only. */
const BELONGS: Readonly<Record<string, readonly Cause[]>> = {
  qos: ['topic'],
  ignoreRetained: ['topic'],
  dedupe: ['topic'],
  onChange: ['topic'],
  debounce: ['topic'],
  throttle: ['topic'],
  latest: ['topic'],
  name: ['cron', 'every'],
  zone: ['cron'],
  catchUp: ['cron', 'every'],
  payload: ['cron', 'every'],
};

/**
 * What is wrong with the keys of the triggers, whatever they hold.
 * @param document A parsed task.toml, before any default is filled in: a key that was not written is not there.
 */
export function timerKeyFaults(document: unknown): readonly KeyFault[] {
  const triggers = isTable(document) && Array.isArray(document['trigger']) ? document['trigger'] : [];
  const names = new Set<unknown>();
  return triggers.flatMap((trigger: unknown, i) => {
    if (!isTable(trigger)) return [];
    const faults = faultsOf(trigger).map(({ key, message }) => ({ path: ['trigger', i, key], message }));
    const { name } = trigger;
    if (name !== undefined && names.has(name)) {
      faults.push({ path: ['trigger', i, 'name'], message: 'is the name of another timer: give each its own' });
    }
    names.add(name);
    return faults;
  });
}

function faultsOf(trigger: Readonly<Record<string, unknown>>): { readonly key: string; readonly message: string }[] {
  const [cause, second] = CAUSES.filter((key) => Object.hasOwn(trigger, key));
  if (cause === undefined) return [{ key: 'topic', message: 'is missing: a trigger must have a topic, cron or every' }];
  if (second !== undefined) {
    const message = `must not be there beside ${cause}: a trigger has one of topic, cron and every, so write another one`;
    return [{ key: second, message }];
  }
  return Object.keys(trigger).flatMap((key) => {
    const causes = Object.hasOwn(BELONGS, key) ? BELONGS[key] : undefined;
    if (causes === undefined || causes.includes(cause)) return [];
    return [{ key, message: `must not be there beside ${cause}: it goes with ${causes.join(' or ')}` }];
  });
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
