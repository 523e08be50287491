import type { Fuel } from '../../runtime/index.js';
import type { PendingRun } from '../pending-run.js';

/** A run stands still. @param used what it has used so far. @returns what of it its lane has not been charged for, until now. */
export function settleFuel(run: PendingRun, used: Fuel): Fuel {
  const fuel = unsettled(run, used);
  run.settledFuel = used;
  return fuel;
}

/** A run is over, or goes again from its beginning. @returns what its lane has not been charged for. */
export function lastFuel(run: PendingRun, used: Fuel): Fuel {
  const fuel = unsettled(run, used);
  run.settledFuel = 0;
  return fuel;
}

/** A run that was lost with its thread says that it used nothing: what was charged is not given back. */
function unsettled({ settledFuel = 0 }: PendingRun, used: Fuel): Fuel {
  return Math.max(0, used - settledFuel);
}
