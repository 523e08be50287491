/** A short run that moves to the provider, home, and there again, and each side crashed wherever it can be, one after the other. */
import t from 'tap';
import type { Side } from '../../../../provider/protocol/responsibility/index.js';
import { explain } from './explain.js';
import { simulate, type Faults, type Plan } from './simulated-migration.js';

const NO_FAULTS: Faults = {
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

function planOf(mode: 'synchronous' | 'asynchronous', responsible: Side): Plan {
  const terms = { pointMs: 4, reclaimMs: 120, responsible, mode, isForHere: false, expectedFuel: 0 };
  return { seed: 1, steps: 60, terms, faults: NO_FAULTS, movesAt: [8, 24, 40] };
}

for (const mode of ['synchronous', 'asynchronous'] as const) {
  for (const responsible of ['hub', 'provider'] as const) {
    t.test(`a crash at any word of a ${mode} migration, the ${responsible} responsible, changes nothing`, async (t) => {
      const plan = planOf(mode, responsible);
      const calm = await simulate(plan);
      t.equal(calm.broken, undefined);
      t.equal(calm.moves, 3);
      t.equal(calm.steps, plan.steps, 'nothing is executed twice while there is a link');
      const crashes = (['hub', 'provider'] as const).flatMap((side) => {
        const words = Array.from({ length: calm.words[side] }, (_, word) => ({ side, word }));
        return words.flatMap((crashAt) => {
          return side === 'hub' ? [{ crashAt }] : [{ crashAt }, { crashAt, isVolatile: true }];
        });
      });
      t.ok(crashes.length > 100, `${crashes.length} crashes`);
      const endings = await Promise.all(crashes.map((crash) => simulate({ ...plan, ...crash })));
      for (const [index, ending] of endings.entries()) {
        if (ending.broken === undefined) continue;
        const crash = crashes[index];
        t.comment(await explain({ ...plan, ...crash }));
        t.fail(`${JSON.stringify(crash)}: ${ending.broken}`);
        break;
      }
    });
  }
}
