/** Plays many schedules, one seed after the other. */
import type { Flaw } from './flaws.js';
import { planOf, undisturbedPlanOf } from './schedules.js';
import { simulate, type Ending, type Plan } from './simulated-migration.js';

export interface Schedules {
  readonly kind: 'any' | 'undisturbed';
  readonly firstSeed: number;
  readonly schedules: number;
  readonly flaw?: Flaw | undefined;
}

export interface Played {
  readonly moves: number;
  /** Steps that were executed, and those that were needed. */
  readonly steps: number;
  readonly needed: number;
  /** The first schedule that broke, with what happened in it. */
  readonly broken: { readonly seed: number; readonly what: string; readonly trace: readonly string[] } | undefined;
}

/** Schedules that are played side by side: what each waits for is over at the same moment. */
const SIDE_BY_SIDE = 50;

export async function playSchedules({ kind, firstSeed, schedules, flaw }: Schedules): Promise<Played> {
  const planFor = (seed: number): Plan => (kind === 'any' ? planOf(seed, flaw) : undisturbedPlanOf(seed));
  let [moves, steps, needed] = [0, 0, 0];
  for (let seed = firstSeed; seed < firstSeed + schedules; seed += SIDE_BY_SIDE) {
    const count = Math.min(SIDE_BY_SIDE, firstSeed + schedules - seed);
    const plans = Array.from({ length: count }, (_, index) => planFor(seed + index));
    const endings = await Promise.all(plans.map(simulate));
    for (const [index, plan] of plans.entries()) {
      const ending = endings[index];
      if (ending === undefined) continue;
      moves += ending.moves;
      steps += ending.steps;
      needed += plan.steps;
      const what = ending.broken ?? (kind === 'undisturbed' ? executedTwice(plan, ending) : undefined);
      if (what === undefined) continue;
      const { trace } = await simulate({ ...plan, isTraced: true });
      return { moves, steps, needed, broken: { seed: plan.seed, what, trace } };
    }
  }
  return { moves, steps, needed, broken: undefined };
}

function executedTwice({ steps: needed }: Plan, { steps }: Ending): string | undefined {
  return steps === needed ? undefined : `${steps} steps were executed where ${needed} are needed`;
}
