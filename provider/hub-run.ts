/** A run in its hub's words, and in those of this provider. Pure. */
import type { Effect, Outcome, Read, RunRequest, RunResult } from '../runtime/index.js';
import type { SessionTask } from './configuration.js';
import type { RemoteRun } from './protocol/index.js';
import type { ReplicaView } from './replica/replica.js';

/** What the hub asked for, with the buckets of the replica in place of its own. */
export function requestOf(run: RemoteRun, task: SessionTask, { prefix }: ReplicaView): RunRequest {
  const { spec, limits, installation } = task;
  if (task.grants?.prefix !== prefix) {
    const buckets = Object.entries(spec.grants.buckets).map(
      ([name, grant]) => [name, { ...grant, id: `${prefix}${grant.id}` }] as const,
    );
    task.grants = { prefix, grants: { publish: spec.grants.publish, buckets: Object.fromEntries(buckets) } };
  }
  const { runId, event, attempt, clockMs, seed, recordReads } = run;
  const { config, subjects } = spec;
  const { grants } = task.grants;
  const key = installation.installed.key;
  return { runId, task: key, event, attempt, limits, grants, config, clockMs, seed, subjects, recordReads };
}

/** The hub's own names of buckets again. */
export function comingHome(result: RunResult, prefix: string): RunResult {
  const home = (bucket: string): string => (bucket.startsWith(prefix) ? bucket.slice(prefix.length) : bucket);
  // The runtime's words for a bucket, and nothing that a guest may have said.
  const outcome: Outcome =
    'message' in result.outcome
      ? { ...result.outcome, message: result.outcome.message.replaceAll(`bucket "${prefix}`, 'bucket "') }
      : result.outcome;
  return {
    ...result,
    outcome,
    effects: result.effects.map((effect): Effect =>
      effect.kind === 'publish' ? effect : { ...effect, bucket: home(effect.bucket) },
    ),
    reads: result.reads.map((read): Read => ({ ...read, bucket: home(read.bucket) })),
    listed: result.listed?.map((each) => ({ ...each, bucket: home(each.bucket) })),
    pages: result.pages?.map((page) => ({ ...page, bucket: home(page.bucket) })),
  };
}

/** Of a run that ended before it was begun. */
export function withoutTrace({ runId }: RemoteRun, outcome: Outcome): RunResult {
  const usage = { fuel: 0, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };
  return { runId, outcome, effects: [], reads: [], log: [], droppedLogLines: 0, usage };
}
