/** A run that the pool holds, from the moment it is asked for until its outcome is known. */
import type { Since } from '../points.js';
import type { Outcome, RunRequest, RunResult } from '../task.js';

export interface Ticket {
  readonly request: RunRequest;
  readonly signal: AbortSignal | undefined;
  resolve: (result: RunResult) => void;
  /** Threads that died while they held it, in other runs. */
  losses: number;
  cancelled: boolean;
  /** Stops following the signal. */
  unheed?: (() => void) | undefined;
  /** Where it executes, while it does. */
  place:
    | { readonly batch: { cancel(index: number): void; suspend(index: number): void }; readonly index: number }
    | undefined;
  /** Of a run that can be suspended; undefined for one that is a request and no more. */
  readonly points?: TicketPoints | undefined;
}

export interface TicketPoints {
  /** The checkpoint that it goes on from. */
  readonly from: Uint8Array | undefined;
  readonly everyMs: number | undefined;
  readonly everyFuel: number | undefined;
  readonly since: Since | undefined;
  readonly deltas: boolean;
  readonly statePrefix: string | undefined;
  /** It is asked to stand still, now or when it begins. */
  suspending: boolean;
  /** Told of a point of execution. */
  passed(checkpoint: Uint8Array): void;
  /** Told instead of a result. */
  left(checkpoint: Uint8Array): void;
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
