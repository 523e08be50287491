/** When a link is taken for dead that nothing is heard over: sooner where it is regular, later where it is slow. Pure. */
import { DETECTOR_BOUNDS } from './limits.js';

/** What was heard of the other side. */
export interface Hearing {
  /** When something was heard last, on a monotonic clock. */
  readonly lastMs: number;
  /** The latest pauses between what was heard, in milliseconds; none shorter than a beat. */
  readonly pausesMs: readonly number[];
}

/** What the two sides have agreed on: see `PROTOCOL_TIMES`. */
export interface Beats {
  readonly heartbeatMs: number;
  /** No side waits longer than this. */
  readonly leaseMs: number;
}

/** A link has just come to be. */
export function beginHearing(nowMs: number): Hearing {
  return { lastMs: nowMs, pausesMs: [] };
}

/**
 * Something has come, whatever it is.
 *
 * A pause that is shorter than a beat counts as one: that much comes at times says nothing of how late a beat may be.
 */
export function hear({ lastMs, pausesMs }: Hearing, nowMs: number, { heartbeatMs }: Beats): Hearing {
  const pauseMs = nowMs - lastMs;
  // What comes between two beats is the rule where much is said, and would leave nothing else to judge by.
  if (pauseMs < heartbeatMs / 2) return { lastMs: nowMs, pausesMs };
  const pauses = [...pausesMs, Math.max(pauseMs, heartbeatMs)].slice(-DETECTOR_BOUNDS.pauses);
  return { lastMs: nowMs, pausesMs: pauses };
}

/**
 * The moment at which the link is taken for dead if nothing is heard before: the mean of the latest pauses and a few of
 * their deviations after the last word, but no less than three beats and no more than the lease.
 */
export function deadAtMs({ lastMs, pausesMs }: Hearing, { heartbeatMs, leaseMs }: Beats): number {
  const { deviations, beats, pausesToTrust } = DETECTOR_BOUNDS;
  // Of a link that is new nothing is known.
  if (pausesMs.length < pausesToTrust) return lastMs + leaseMs;
  const mean = meanOf(pausesMs);
  const deviation = Math.sqrt(meanOf(pausesMs.map((each) => (each - mean) ** 2)));
  const waitMs = Math.max(heartbeatMs * beats, mean + deviation * deviations);
  return lastMs + Math.min(leaseMs, waitMs);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
