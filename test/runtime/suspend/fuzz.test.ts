/**
 * Random modules, suspended at every slice's end. `STERNA_FUZZ_SECONDS` makes it
 * a longer soak over other modules, from `STERNA_FUZZ_SEED` on if that is given.
 */
import t from 'tap';
import { Broken, same } from '../provision/fuzz/differential.js';
import { generateModule } from '../provision/fuzz/generate-module.js';
import { InEngine } from '../provision/fuzz/in-engine.js';
import type { Ran } from '../provision/fuzz/ran.js';
import { metered } from '../provision/metered-module.js';
import { toText } from '../provision/wat.js';
import { suspendable, SteppedInstance } from './stepped-instance.js';

const SECONDS = Number(process.env['STERNA_FUZZ_SECONDS'] ?? 20);
const FIRST_SEED = Number(process.env['STERNA_FUZZ_SEED'] ?? 1);
/** Enough on a slow machine to see each kind of instruction in flight. */
const FEWEST_MODULES = 12;

/** @returns how often it stood still. @throws Broken */
async function check(seed: number): Promise<number> {
  const { bytes, plan } = generateModule(seed, true);
  const sliceFuel = 1 + (seed % 60);
  const whole = new InEngine(plan, seed).runMetered(new WebAssembly.Module(metered(bytes)), {
    slice: sliceFuel,
    limit: LIMIT,
  });
  if (whole.ending === 'out-of-fuel') return 0;
  // Where loops are no points, they hold: fuel is told in slices of all sizes.
  const module = new WebAssembly.Module(await suspendable(bytes, seed % 4 === 0 ? 'loops' : 'all'));
  let stops = 0;
  for (const wish of ['go-on', 'copy'] as const) {
    let instance: SteppedInstance | undefined;
    const ran = new InEngine(plan, seed).runIn((imports) => {
      instance = new SteppedInstance(module, { imports, sliceFuel, wish: () => wish });
      return instance;
    });
    same(`the module metered and suspendable (${wish}),`, anyTrap(ran), anyTrap(whole));
    for (const [i, fuel] of whole.fuel.entries()) {
      const trapped = whole.ending === 'trapped' && i === whole.fuel.length - 1;
      if (!trapped && ran.fuel[i] !== fuel)
        throw new Broken(`it used ${ran.fuel[i]} fuel instead of ${fuel} (${wish})`);
    }
    stops += instance?.stops ?? 0;
  }
  return stops;
}

/** Of two traps, one behind the other, Binaryen may keep either. */
function anyTrap(ran: Ran): Ran {
  if (ran.ending !== 'trapped') return ran;
  return { ...ran, outcomes: [...ran.outcomes.slice(0, -1), 'a trap'] };
}

/** What goes on for longer is left out: each slice would be hundreds. */
const LIMIT = 60_000;

t.test('a module that is suspended at every slice does what it does otherwise, for the same fuel', async (t) => {
  const endsAt = performance.now() + SECONDS * 1_000;
  let checked = 0;
  let stops = 0;
  for (; performance.now() < endsAt; checked++) {
    const seed = FIRST_SEED + checked;
    try {
      stops += await check(seed);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      t.fail(`seed ${seed}: ${error.message}`, { wat: toText(generateModule(seed, true).bytes) });
      break;
    }
  }
  t.comment(`${checked} modules from seed ${FIRST_SEED}, which stood still ${stops} times`);
  t.ok(checked >= FEWEST_MODULES, 'enough modules were looked at');
  t.ok(stops > checked, 'they stood still');
});
