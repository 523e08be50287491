import { simulate, type Plan } from './simulated-migration.js';

/** The last of what happened in a schedule, played once more. */
export async function explain(plan: Plan): Promise<string> {
  const { broken, trace } = await simulate({ ...plan, isTraced: true });
  return [`seed ${plan.seed}: ${broken}`, ...trace.slice(-80)].join('\n');
}
