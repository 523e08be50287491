/** A run that the pool holds, from the moment it is asked for until its outcome is known. */
import type { Outcome, RunRequest, RunResult } from '../task.js';

export interface Ticket {
  readonly request: RunRequest;
  readonly signal: AbortSignal | undefined;
  resolve: (result: RunResult) => void;
  /** Threads that died while they held it, in other runs. */
  losses: number;
  cancelled: boolean;
  /** Where it executes, while it does. */
  place: { readonly batch: { cancel(index: number): void }; readonly index: number } | undefined;
}

/** A result for a run of which nothing is known but how it ended. */
export function withoutTrace(request: RunRequest, outcome: Outcome): RunResult {
  return {
    runId: request.runId,
    outcome,
    effects: [],
    reads: [],
    log: [],
    droppedLogLines: 0,
    usage: { fuel: 0, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 },
  };
}
