/** What becomes of a run whose attempt has ended. Pure. */
import type { Outcome } from '../../runtime/index.js';
import type { RetryPolicy } from '../manifest/index.js';
import { backoffMs } from './backoff.js';

export interface Attempt {
  readonly outcome: Outcome;
  /** From 1. */
  readonly attempt: number;
  /** Since the hub took the event; below 0 when the machine's clock was set back. */
  readonly ageMs: number;
  readonly seed: number;
  /** Whether the run may wait at all. */
  readonly mayWait: boolean;
}

export type Verdict =
  /** It completed, or nobody wants it any more. */
  | { readonly kind: 'over' }
  | { readonly kind: 'retry'; readonly waitMs: number }
  /** It is given up: a dead letter. */
  | { readonly kind: 'bury' };

/**
 * Whether a run goes again, and after which wait.
 *
 * | outcome | |
 * |---|---|
 * | completed, cancelled | over |
 * | denied, output-limit | given up at once: what a program may do and how much it says are its own, and stay the same |
 * | failed, trapped, out-of-fuel, out-of-memory, deadline | tried again: state, clock, random numbers or the machine's load may differ the next time |
 */
export function verdictOf({ outcome, attempt, ageMs, seed, mayWait }: Attempt, policy: RetryPolicy): Verdict {
  switch (outcome.kind) {
    case 'completed':
    case 'cancelled':
      return { kind: 'over' };
    case 'denied':
    case 'output-limit':
      return { kind: 'bury' };
    case 'failed':
    case 'trapped':
    case 'out-of-fuel':
    case 'out-of-memory':
    case 'deadline': {
      if (!mayWait || attempt >= policy.attempts) return { kind: 'bury' };
      const waitMs = backoffMs(policy, attempt, seed);
      return ageMs + waitMs > policy.maxAgeMs ? { kind: 'bury' } : { kind: 'retry', waitMs };
    }
  }
}
