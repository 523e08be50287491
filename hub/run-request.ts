import type { RunRequest } from '../runtime/index.js';
import type { PendingRun } from './pending-run.js';
import { attemptSeed } from './retries/index.js';
import type { Job } from './scheduler/index.js';

/**
 * What the runtime is asked for a run, the same each time within an attempt.
 * @param recordReads Whether a record of it is kept.
 */
export function requestOf({ value: run, key }: Job<PendingRun>, recordReads: boolean): RunRequest {
  const { manifest, installed } = run.task;
  return {
    runId: run.runId,
    task: installed.key,
    event: run.event,
    attempt: run.attempt,
    limits: manifest.limits,
    grants: manifest.grants,
    config: manifest.config,
    clockMs: run.clockMs,
    seed: attemptSeed(run.seed, run.attempt),
    // Two tasks may be the same component: neither is to find what is the other's.
    isolationKey: manifest.isolation === 'key' ? `${manifest.name}/${key ?? ''}` : undefined,
    subjects: manifest.subjects,
    recordReads,
  };
}
