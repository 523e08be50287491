/** What the schedules of a run that moves are made of, by their seeds. */
import { FLAWS, type Flaw } from './flaws.js';
import type { Faults, Plan } from './simulated-migration.js';

/** Nothing but what every machine and network has. */
export const NO_FAULTS: Faults = {
  cut: 0,
  crash: 0,
  stop: 0,
  delayMs: 2,
  msPerByte: 0.001,
  diskMs: 1,
  diskFails: 0,
  threadMs: 1,
  suspends: 0,
};

/** Some seeds are rough in all, others in one thing only. */
export function planOf(seed: number, flaw?: Flaw): Plan {
  const rough = (bit: number): number => ((seed >> bit) & 1) * (1 + (seed % 3));
  const faults = {
    cut: 0.006 * rough(0),
    crash: 0.004 * rough(1),
    stop: 0.008 * rough(2),
    delayMs: seed % 5 === 0 ? 60 : 3,
    // Half a second for an anchor, so that it is cut in the middle, and points wait behind one another.
    msPerByte: seed % 11 === 0 ? 0.5 : 0.002,
    diskMs: seed % 13 === 0 ? 40 : 1,
    diskFails: 0.01 * rough(3),
    threadMs: seed % 6 === 0 ? 30 : 1,
    suspends: 0.02 * rough(4),
  };
  const terms = {
    pointMs: 2 + (seed % 4),
    reclaimMs: seed % 3 === 0 ? 600 : 120,
    isForHere: seed % 2 === 0,
    expectedFuel: (seed % 3) * 60,
  };
  const asks = { offer: 0.03 + 0.03 * (seed % 4), adapt: 0.03, cancel: seed % 7 === 0 ? 0.001 : 0 };
  const broken = flaw === undefined ? {} : { machine: FLAWS[flaw] };
  return { seed, steps: 10 + (seed % 20), terms, faults, asks, isVolatile: seed % 4 === 3, ...broken };
}

/** Nothing is lost, and the executing side always waits for the other. */
export function undisturbedPlanOf(seed: number): Plan {
  const { steps, terms } = planOf(seed);
  const faults = { ...NO_FAULTS, delayMs: seed % 5 === 0 ? 20 : 2, suspends: (seed % 3) * 0.02, threadMs: seed % 7 };
  return { seed, steps, terms: { ...terms, mode: 'synchronous' }, faults, asks: { offer: 0.05, adapt: 0, cancel: 0 } };
}
