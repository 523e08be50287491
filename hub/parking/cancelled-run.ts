import type { RunResult } from '../../runtime/index.js';
import type { PendingRun } from '../pending-run.js';

/** What a run comes to that is cancelled while no runtime here has it. */
export function cancelledRun({ runId }: PendingRun, fuel: number): RunResult {
  return {
    runId,
    outcome: { kind: 'cancelled' },
    effects: [],
    reads: [],
    unrecorded: 'it was cancelled while it stood still',
    log: [],
    droppedLogLines: 0,
    usage: { fuel, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 },
  };
}
