/** A finished run -> what is to be written and published. Pure. */
import { filterMatches, topicFault, type Grants, type RunResult } from '../runtime/index.js';
import { DEVICES_BUCKET } from './devices-bucket.js';
import type { OutgoingMessage } from './broker-link.js';
import type { StateChange, Write } from './store/index.js';

/** What a run may make happen. */
export interface Commit {
  readonly change: StateChange;
  /** In the order in which the run asked for them. */
  readonly messages: readonly OutgoingMessage[];
}

export type CommitDecision =
  | { readonly ok: true; readonly commit: Commit }
  /** The run did something that it was not granted: none of its effects may happen. */
  | { readonly ok: false; readonly fault: string };

const NOTHING: CommitDecision = { ok: true, commit: { change: { reads: [], writes: [] }, messages: [] } };

/**
 * Decides what a run's effects come to: nothing unless it completed.
 *
 * The runtime has checked the grants when the run asked; they are checked
 * again here because this is the last place before the world, and results may
 * come from another machine.
 */
export function decideCommit(result: RunResult, grants: Grants): CommitDecision {
  if (result.outcome.kind !== 'completed') return NOTHING;
  if (result.effects.length === 0 && result.reads.length === 0 && result.listed === undefined) return NOTHING;
  const messages: OutgoingMessage[] = [];
  const writes: Write[] = [];
  for (const effect of result.effects) {
    const fault = effect.kind === 'publish' ? publishFault(effect.topic, grants) : writeFault(effect.bucket, grants);
    if (fault !== undefined) return { ok: false, fault };
    if (effect.kind === 'publish') messages.push(effect);
    else
      writes.push({ bucket: effect.bucket, key: effect.key, value: effect.kind === 'set' ? effect.value : undefined });
  }
  // Devices speak all the time: what a run saw of them is as old as its beginning, and no reason to run it again.
  const reads = result.reads.filter(({ bucket }) => bucket !== DEVICES_BUCKET);
  const listed = result.listed?.filter(({ bucket }) => bucket !== DEVICES_BUCKET);
  return { ok: true, commit: { change: { reads, listed, writes }, messages } };
}

/** Why a task must not publish to a topic, or undefined if it may. */
function publishFault(topic: string, grants: Grants): string | undefined {
  const fault = topicFault(topic);
  if (fault !== undefined) return `it published to "${topic}": ${fault}`;
  if (topic.startsWith('$')) return `it published to "${topic}": topics that begin with $ are the broker's`;
  if (grants.publish.some((filter) => filterMatches(filter, topic))) return undefined;
  return `it published to "${topic}", which no filter in [grants] publish matches`;
}

function writeFault(bucket: string, grants: Grants): string | undefined {
  for (const grant of Object.values(grants.buckets)) {
    if (grant.id !== bucket) continue;
    return grant.access === 'read-write' ? undefined : `it wrote to the bucket ${bucket}, which it may only read`;
  }
  return `it wrote to the bucket ${bucket}, which [grants] buckets does not name`;
}
