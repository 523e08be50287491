/** When a task that keeps failing is held, and when it is tried again. Pure: a circuit breaker for each task. */
import type { QuarantinePolicy } from '../manifest/index.js';

/** What is known of a task. Plain data. */
export interface Breaker {
  /**
   * `closed`: its runs start. `open`: none does until `untilMs`. `half-open`:
   * one does, the probe, and decides.
   */
  readonly state: 'closed' | 'open' | 'half-open';
  /** Runs given up since the last one that completed. */
  readonly failures: number;
  /** How often in a row it was opened. */
  readonly trips: number;
  /** When the cool-down ends, in milliseconds since 1970 (UTC); of no meaning when closed. */
  readonly untilMs: number;
}

export const CLOSED: Breaker = { state: 'closed', failures: 0, trips: 0, untilMs: 0 };

export type BreakerInput =
  /** A run is over. `probe` when it was let start as the one that decides. */
  | {
      readonly kind: 'ended';
      readonly how: 'completed' | 'given-up' | 'cancelled';
      readonly probe: boolean;
      readonly atMs: number;
    }
  /** The cool-down is over. */
  | { readonly kind: 'cooled' }
  /** By hand. */
  | { readonly kind: 'released' };

/**
 * What a task's breaker becomes.
 *
 * Runs that had begun when it opened say nothing while it is open: only the
 * probe does. A probe that was cancelled decided nothing: another follows.
 */
export function step(breaker: Breaker, input: BreakerInput, policy: QuarantinePolicy): Breaker {
  switch (input.kind) {
    case 'released':
      return CLOSED;
    case 'cooled':
      return breaker.state === 'open' ? { ...breaker, state: 'half-open' } : breaker;
    case 'ended':
      if (input.how === 'cancelled') return breaker;
      if (breaker.state === 'closed') return afterRun(breaker, input, policy);
      if (!input.probe) return breaker;
      return input.how === 'completed' ? CLOSED : opened(breaker, input.atMs, policy);
  }
}

function afterRun(
  breaker: Breaker,
  { how, atMs }: Extract<BreakerInput, { kind: 'ended' }>,
  policy: QuarantinePolicy,
): Breaker {
  if (how === 'completed') return breaker.failures === 0 ? breaker : CLOSED;
  // What nobody asks for is not counted: neither is it written.
  if (policy.failures === 0) return breaker;
  const failures = breaker.failures + 1;
  return failures >= policy.failures ? opened(breaker, atMs, policy) : { ...breaker, failures };
}

function opened(breaker: Breaker, atMs: number, { coolDownMs, maxCoolDownMs }: QuarantinePolicy): Breaker {
  const trips = breaker.trips + 1;
  const wait = Math.min(maxCoolDownMs, coolDownMs * 2 ** Math.min(trips - 1, 40));
  return { state: 'open', failures: breaker.failures + 1, trips, untilMs: atMs + wait };
}
