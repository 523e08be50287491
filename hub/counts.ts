import type { Outcome } from '../runtime/index.js';
import type { DropReason, RefusalReason } from './observations.js';

/** How often each thing happened since the hub was created. */
export interface Counts {
  received: number;
  held: number;
  /** How often reading from the broker was paused. */
  pauses: number;
  refused: Record<RefusalReason, number>;
  /** Runs that were not to be. */
  dropped: Record<DropReason, number>;
  runs: Record<Outcome['kind'], number>;
  repeated: number;
  /** Firings of timers that were not to be. */
  missedFirings: number;
  /** Attempts that failed and were to be made again. */
  retried: number;
  /** Runs that were given up, as dead letters. */
  buried: number;
  /** Dead letters that went as there were too many. */
  lettersDropped: number;
  /** How often a task was quarantined. */
  quarantined: number;
  /** Messages that the broker sent again although the hub had them. */
  repeatedDeliveries: number;
  published: number;
  publishFailed: number;
}

export function noCounts(): Counts {
  return {
    received: 0,
    held: 0,
    pauses: 0,
    refused: { 'no-task': 0, 'payload-too-large': 0, 'task-queue-full': 0, 'hub-queue-full': 0, stopping: 0 },
    dropped: {
      retained: 0,
      duplicate: 0,
      unchanged: 0,
      'no-value': 0,
      debounced: 0,
      throttled: 0,
      superseded: 0,
      restarted: 0,
      busy: 0,
      expired: 0,
      overflow: 0,
      loop: 0,
      removed: 0,
      'no-trigger': 0,
      quarantined: 0,
    },
    runs: {
      completed: 0,
      failed: 0,
      trapped: 0,
      'out-of-fuel': 0,
      'out-of-memory': 0,
      deadline: 0,
      'output-limit': 0,
      denied: 0,
      cancelled: 0,
    },
    repeated: 0,
    missedFirings: 0,
    retried: 0,
    buried: 0,
    lettersDropped: 0,
    quarantined: 0,
    repeatedDeliveries: 0,
    published: 0,
    publishFailed: 0,
  };
}
