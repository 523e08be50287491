/** Whether a provider did what this machine does: the same run, executed here as well. Pure. */
import type { Effect, Outcome, RunResult } from '../../runtime/index.js';

/** Outcomes that depend on time, and not on the run alone. */
const TIMED: ReadonlySet<Outcome['kind']> = new Set(['deadline', 'cancelled']);

/**
 * @returns where the two differ, in words; undefined when they do not, or
 *   cannot be compared: time ended one of them, or they saw other state.
 */
export function difference(remote: RunResult, local: RunResult): string | undefined {
  if (isTimed(remote.outcome) || isTimed(local.outcome)) return undefined;
  const [there, here] = [seenBy(remote), seenBy(local)];
  const both = [...there].filter(([name]) => here.has(name));
  if (both.some(([name, version]) => here.get(name) !== version)) return undefined;
  // What it saw decides what it looks at next: where nothing is another version, they saw the same.
  if (both.length < Math.max(there.size, here.size)) {
    return 'the run read other state here than it is said to have read there';
  }
  if (remote.usage.fuel !== local.usage.fuel) {
    return `the run took ${local.usage.fuel} fuel here and is said to have taken ${remote.usage.fuel} there`;
  }
  if (endOf(remote.outcome) !== endOf(local.outcome)) {
    return `the run ended as ${local.outcome.kind} here and is said to have ended as ${remote.outcome.kind} there`;
  }
  if (
    remote.effects.length !== local.effects.length ||
    !remote.effects.every((each, i) => isSame(each, local.effects[i]))
  ) {
    return 'the run has other effects here than are said to have come of it there';
  }
  return undefined;
}

function isTimed(outcome: Outcome): boolean {
  return TIMED.has(outcome.kind) || (outcome.kind === 'trapped' && outcome.reason === 'thread-lost');
}

/** What of an outcome is the run's own: the words for a trap are the engine's, and change with its version. */
function endOf(outcome: Outcome): string {
  if (outcome.kind === 'trapped') return `trapped ${outcome.reason}`;
  return 'message' in outcome ? `${outcome.kind} ${outcome.message}` : outcome.kind;
}

/** Versions of the keys that a run read, and of the sets of keys that it listed. */
function seenBy({ reads, listed = [] }: RunResult): ReadonlyMap<string, number> {
  return new Map([
    ...reads.map(({ bucket, key, version }) => [`${bucket}\0${key}`, version] as const),
    ...listed.map(({ bucket, version }) => [bucket, version] as const),
  ]);
}

function isSame(a: Effect, b: Effect | undefined): boolean {
  if (b === undefined || a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'publish':
      return (
        b.kind === 'publish' &&
        a.topic === b.topic &&
        a.qos === b.qos &&
        a.retain === b.retain &&
        Buffer.compare(a.payload, b.payload) === 0
      );
    case 'set':
      return b.kind === 'set' && a.bucket === b.bucket && a.key === b.key && Buffer.compare(a.value, b.value) === 0;
    case 'delete':
      return b.kind === 'delete' && a.bucket === b.bucket && a.key === b.key;
  }
}
