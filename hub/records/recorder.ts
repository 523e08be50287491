/** A run that is over -> its record. */
import { INSTRUMENTATION_VERSION, type RunResult } from '../../runtime/index.js';
import { RECORD_BOUNDS } from './limits.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';
import { attemptSeed } from '../retries/index.js';
import type { RunRecord, TaskVersion } from '../store/index.js';

const versions = new WeakMap<DeployedTask, TaskVersion>();

/** What its runs are given: one object for each task that is deployed. */
function versionOf(task: DeployedTask): TaskVersion {
  const known = versions.get(task);
  if (known !== undefined) return known;
  const { name, version, subjects, isolation, limits, grants, config } = task.manifest;
  const made = {
    name,
    version,
    component: task.installed.digest,
    instrumentation: INSTRUMENTATION_VERSION,
    subjects,
    isolation,
    limits,
    grants,
    config,
  };
  versions.set(task, made);
  return made;
}

/**
 * @param result as it counts. @param executed how the runtime ended it, where the hub made another outcome of that.
 */
export function recordOf(run: PendingRun, result: RunResult, executed: RunResult['outcome']): RunRecord {
  const { runId, event, attempt, clockMs, seed, startedAtMs = event.arrivedAtMs } = run;
  const { outcome, effects, reads, pages = [], log, droppedLogLines, usage } = result;
  const record: RunRecord = {
    runId,
    task: versionOf(run.task),
    event,
    attempt,
    clockMs,
    seed: attemptSeed(seed, attempt),
    where: result.where ?? 'local',
    outcome,
    executed: outcome === executed ? undefined : executed,
    effects,
    reads,
    pages,
    log,
    droppedLogLines,
    usage,
    startedAtMs,
    notReplayable: whyNot(run, result, executed),
  };
  const bytes = bytesOf(record);
  return bytes <= RECORD_BOUNDS.recordBytes ? record : withoutContents(record, bytes);
}

/** About what it takes on disk. */
export function bytesOf({ event, effects, reads, pages, log }: RunRecord): number {
  let bytes = 200 + event.topic.length + event.payload.length;
  for (const effect of effects) {
    switch (effect.kind) {
      case 'publish':
        bytes += 16 + effect.topic.length + effect.payload.length;
        break;
      case 'set':
        bytes += 16 + effect.bucket.length + effect.key.length + effect.value.length;
        break;
      case 'delete':
        bytes += 16 + effect.bucket.length + effect.key.length;
        break;
    }
  }
  for (const { bucket, key, value } of reads) bytes += 24 + bucket.length + key.length + (value?.length ?? 0);
  for (const page of pages) for (const key of page.keys) bytes += 4 + key.length;
  for (const { context, message } of log) bytes += 12 + context.length + message.length;
  return bytes;
}

function whyNot(run: PendingRun, { unrecorded, usage }: RunResult, executed: RunResult['outcome']): string | undefined {
  if (unrecorded !== undefined) return unrecorded;
  if (run.task.manifest.isolation === 'key')
    return 'it may have found what earlier events left in memory (isolation = "key")';
  if (executed.kind === 'trapped' && executed.reason === 'thread-lost')
    return 'its thread was lost, and with it what it had done';
  if (usage.fuel === 0 && executed.kind !== 'completed')
    return 'it was not executed, or ended from outside, so that nobody knows how far it had come';
  return undefined;
}

function withoutContents(record: RunRecord, bytes: number): RunRecord {
  return {
    ...record,
    event: { ...record.event, payload: new Uint8Array() },
    effects: [],
    reads: [],
    pages: [],
    log: [],
    droppedLogLines: record.droppedLogLines + record.log.length,
    notReplayable: `its record would have some ${bytes} bytes, and at most ${RECORD_BOUNDS.recordBytes} are kept`,
  };
}
