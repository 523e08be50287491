/** A short run that moves to the provider, home, and there again, and each side crashed wherever it can be. */
import type { Side } from '../../../../provider/protocol/responsibility/index.js';
import { FLAWS, type Flaw } from './flaws.js';
import { NO_FAULTS } from './schedules.js';
import { simulate, type Ending, type Plan } from './simulated-migration.js';

export interface Sweep {
  readonly mode: 'synchronous' | 'asynchronous';
  readonly responsible: Side;
  readonly flaw?: Flaw | undefined;
}

export interface Swept {
  /** Without a crash. */
  readonly calm: Ending;
  /** Steps that are needed. */
  readonly needed: number;
  readonly crashes: number;
  /** The first crash that broke something, with what happened. */
  readonly broken: { readonly crash: string; readonly what: string; readonly trace: readonly string[] } | undefined;
}

export async function sweep({ mode, responsible, flaw }: Sweep): Promise<Swept> {
  const terms = { pointMs: 4, reclaimMs: 600, responsible, mode, isForHere: false, expectedFuel: 0 };
  const broken = flaw === undefined ? {} : { machine: FLAWS[flaw] };
  const plan: Plan = { seed: 1, steps: 60, terms, faults: NO_FAULTS, movesAt: [14, 30, 44], ...broken };
  const calm = await simulate(plan);
  const crashes = crashesIn(calm);
  const endings = await Promise.all(crashes.map((crash) => simulate({ ...plan, ...crash })));
  const counts = { calm, needed: plan.steps, crashes: crashes.length };
  const first = endings.findIndex((ending) => ending.broken !== undefined);
  if (first < 0) return { ...counts, broken: undefined };
  const { broken: what = '', trace } = await simulate({ ...plan, ...crashes[first], isTraced: true });
  return { ...counts, broken: { crash: JSON.stringify(crashes[first]), what, trace } };
}

/** What such a provider says before it knows of the link, that it has nothing, is said in vain. */
const FORGETFUL = { isVolatile: true, knowsLateMs: 5 };

/** Each that there can be, of each side. */
function crashesIn({ words }: Ending): Partial<Plan>[] {
  return (['hub', 'provider'] as const).flatMap((side) => {
    const all = Array.from({ length: words[side] }, (_, word) => ({ side, word }));
    return all.flatMap((crashAt) => (side === 'hub' ? [{ crashAt }] : [{ crashAt }, { crashAt, ...FORGETFUL }]));
  });
}
