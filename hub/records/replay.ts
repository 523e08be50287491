/** Executes a recorded run again, in a runtime of its own, and says where it differs. */
import {
  INSTRUMENTATION_VERSION,
  MAX_LIMITS,
  type RunRequest,
  type RunResult,
  type Runtime,
  type RuntimeOptions,
} from '../../runtime/index.js';
import type { RunRecord } from '../store/index.js';
import { differences, fuelLimitOf, wasStoppedByClock, type Difference } from './differences.js';

export interface Replayed {
  readonly result: RunResult;
  readonly differences: readonly Difference[];
  /** What a reader must know to judge the comparison. */
  readonly notes: readonly string[];
}

export interface ReplayParts {
  readonly startRuntime: (options: RuntimeOptions) => Promise<Runtime>;
  /** The file that the record names by its digest. */
  readonly component: Uint8Array;
  /** For the prepared component; a folder that nobody else uses. */
  readonly cacheDir: string;
}

/**
 * State is what the record says that the run read. A run that asks for anything else is trapped, with a message that
 * names it, and differs.
 *
 * @throws Error when the record does not have what a replay needs. @throws RuntimeError when the component is refused.
 */
export async function replay(record: RunRecord, parts: ReplayParts): Promise<Replayed> {
  if (record.notReplayable !== undefined) throw new Error(`Cannot replay the run as ${record.notReplayable}`);
  const runtime = await parts.startRuntime({
    threads: 1,
    cacheDir: parts.cacheDir,
    state: {
      module: new URL('./recorded-state.js', import.meta.url),
      options: { reads: record.reads, pages: record.pages },
    },
  });
  try {
    const installed = await runtime.install(parts.component, record.task.limits);
    if (installed.digest !== record.task.component) {
      throw new Error(
        `Cannot replay the run as it is of the component ${record.task.component}: this one is ${installed.digest}`,
      );
    }
    const result = await runtime.run(requestOf(record, installed.key));
    return { result, differences: differences(record, result), notes: notesOf(record) };
  } finally {
    await runtime.close();
  }
}

function requestOf(record: RunRecord, task: string): RunRequest {
  const { runId, event, attempt, clockMs, seed } = record;
  const { limits, grants, config, subjects } = record.task;
  return {
    runId,
    task,
    event,
    attempt,
    // Fuel ends it where it ended. How long that takes is the machine's affair.
    limits: { ...limits, fuel: fuelLimitOf(record), deadlineMs: MAX_LIMITS.deadlineMs },
    grants,
    config,
    clockMs,
    seed,
    subjects,
  };
}

function notesOf(record: RunRecord): readonly string[] {
  const notes: string[] = [];
  if (record.task.instrumentation !== INSTRUMENTATION_VERSION) {
    notes.push(
      `its fuel was counted by instrumentation ${record.task.instrumentation}, and this Sterna has ${INSTRUMENTATION_VERSION}: fuel may differ, and what depends on it`,
    );
  }
  if (wasStoppedByClock(record)) {
    notes.push(
      `it was stopped from outside after ${record.usage.fuel} fuel: it was executed up to there, and its log compared`,
    );
  }
  if (record.executed !== undefined) notes.push('the hub refused its effects: they are not compared');
  return notes;
}
