/**
 * Which lane's run goes next: the most urgent class first, within a class the
 * lane that has used the least.
 *
 * This is start-time fair queueing (Goyal, Vin and Cheng, 1996) with fuel as
 * the cost: a lane's `usedFuel` is the start tag of its next run, and a lane
 * that was idle starts level with the others, so that nobody saves up.
 */
export interface Share {
  /** 0 to 9; 9 is most urgent. */
  readonly priority: number;
  /** Fuel used so far, in the reckoning of its class. */
  readonly usedFuel: number;
}

/** The share that goes next, or undefined if there is none. The earlier one wins a tie. */
export function pickNext<S extends Share>(shares: readonly S[]): S | undefined {
  let best: S | undefined;
  for (const share of shares) {
    if (best === undefined || share.priority > best.priority) best = share;
    else if (share.priority === best.priority && share.usedFuel < best.usedFuel) best = share;
  }
  return best;
}

/** What a run is expected to use, after one that used `fuel`: recent runs count most. */
export function expectFuel(expected: number, fuel: number): number {
  return expected + (fuel - expected) / 8;
}
