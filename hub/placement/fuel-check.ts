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
  if (!sawTheSame(remote, local)) return undefined;
  if (remote.usage.fuel !== local.usage.fuel) {
    return `the run took ${local.usage.fuel} fuel here and is said to have taken ${remote.usage.fuel} there`;
  }
  if (JSON.stringify(remote.outcome) !== JSON.stringify(local.outcome)) {
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

function sawTheSame(remote: RunResult, local: RunResult): boolean {
  if (JSON.stringify(remote.listed ?? []) !== JSON.stringify(local.listed ?? [])) return false;
  const versions = new Map(local.reads.map(({ bucket, key, version }) => [`${bucket}\0${key}`, version]));
  return (
    remote.reads.length === local.reads.length &&
    remote.reads.every(({ bucket, key, version }) => versions.get(`${bucket}\0${key}`) === version)
  );
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
