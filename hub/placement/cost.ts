import { PLACEMENT_BOUNDS } from './limits.js';

/** What is known of one side when a run is placed. */
export interface LocalSide {
  readonly fuelPerMs: number;
  /** Whether that was measured of late: then it counts. */
  readonly isMeasured: boolean;
  /** What a run would wait for its turn. */
  readonly queueMs: number;
  /** How much more a millisecond of work counts here: on battery. */
  readonly weight: number;
}

export interface RemoteSide {
  readonly fuelPerMs: number;
  readonly isMeasured: boolean;
  readonly queueMs: number;
  /** From the first byte out to the last byte home, besides waiting and executing. */
  readonly transportMs: number;
}

/**
 * The time until a run's outcome is here, in milliseconds. A side whose speed
 * is not known is taken to need no time for the work itself: so it is tried,
 * where that may pay, and then known.
 */
export function localCost(fuel: number, { fuelPerMs, isMeasured, queueMs, weight }: LocalSide): number {
  return queueMs + (isMeasured ? (weight * fuel) / fuelPerMs : 0);
}

export function remoteCost(fuel: number, { fuelPerMs, isMeasured, queueMs, transportMs }: RemoteSide): number {
  return transportMs + queueMs + (isMeasured ? fuel / fuelPerMs : 0);
}

/** How fast a run is that takes turns with so many others on some threads: they share them alike. */
export function sharedSpeed(
  fuelPerMs: number,
  { others, threads }: { readonly others: number; readonly threads: number },
): number {
  return fuelPerMs / Math.max(1, (1 + others) / Math.max(1, threads));
}

/** Where a task's runs went last, and since when. */
export interface Standing {
  readonly side: 'local' | 'remote';
  readonly sinceMs: number;
}

/**
 * Which side is cheaper, with hysteresis: a task stays where it is unless the
 * other side is better by a quarter and by half a millisecond, and not before
 * it has stayed for half a second.
 */
export function cheaperSide(
  { localMs, remoteMs }: { readonly localMs: number; readonly remoteMs: number },
  standing: Standing | undefined,
  nowMs: number,
): 'local' | 'remote' {
  const cheaper = remoteMs < localMs ? 'remote' : 'local';
  if (standing === undefined || cheaper === standing.side) return cheaper;
  if (nowMs - standing.sinceMs < PLACEMENT_BOUNDS.dwellMs) return standing.side;
  const [mine, other] = standing.side === 'local' ? [localMs, remoteMs] : [remoteMs, localMs];
  return isMuchLess(other, mine) ? cheaper : standing.side;
}

/** By a quarter and by half a millisecond: less is noise. */
export function isMuchLess(ms: number, thanMs: number): boolean {
  return ms < thanMs * (1 - PLACEMENT_BOUNDS.betterBy) && thanMs - ms > PLACEMENT_BOUNDS.betterByMs;
}
