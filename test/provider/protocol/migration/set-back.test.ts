/** A side whose disk is of an earlier time, as a backup was restored: the run ends once, and nobody talks for ever. */
import t, { type Test } from 'tap';
import type { Side } from '../../../../provider/protocol/responsibility/index.js';
import { NO_FAULTS, planOf } from './schedules.js';
import { simulate, type Faults } from './simulated-migration.js';

const SCHEDULES = Number(process.env['STERNA_MIGRATION_SCHEDULES'] ?? 50);
const SEED = Number(process.env['STERNA_MIGRATION_SEED'] ?? 1);

/** So many that it is under way when a side is set back. */
const STEPS = 120;
/** What such a run needs, several times over. */
const MESSAGES = 1_500;

async function play(t: Test, { seed, side, faults }: { seed: number; side: Side; faults: Faults }): Promise<void> {
  const { terms, asks } = planOf(seed);
  const copyMs = 5 + (seed % 17) * 9;
  const setBack = { side, copyMs, putBackMs: copyMs + 5 + (seed % 13) * 12 };
  const plan = { seed, steps: STEPS, terms, faults, asks, movesAt: [10], setBack };
  const { broken, messages } = await simulate(plan);
  if (broken === undefined && messages < MESSAGES) return;
  const { trace } = await simulate({ ...plan, isTraced: true });
  t.fail(`STERNA_MIGRATION_SEED=${seed}: ${broken}, ${messages} messages\n${trace.slice(-60).join('\n')}`);
}

for (const side of ['hub', 'provider'] as const) {
  t.test(`a run of which the ${side} is set back ends once`, async (t) => {
    for (let seed = SEED; seed < SEED + SCHEDULES; seed++) await play(t, { seed, side, faults: NO_FAULTS });
  });

  t.test(`a run of which the ${side} is set back ends once, whatever else happens`, async (t) => {
    for (let seed = SEED; seed < SEED + SCHEDULES; seed++) {
      // A link on which it would take minutes shows nothing more.
      await play(t, { seed, side, faults: { ...planOf(seed).faults, msPerByte: NO_FAULTS.msPerByte } });
    }
  });
}
