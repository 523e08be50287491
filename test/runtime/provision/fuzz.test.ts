/**
 * Random modules, metered and not. `STERNA_FUZZ_SECONDS` makes it a longer soak
 * over other modules, from `STERNA_FUZZ_SEED` on if that is given.
 */
import { performance } from 'node:perf_hooks';
import t from 'tap';
import { Broken, check } from './fuzz/differential.js';
import { generateModule } from './fuzz/generate-module.js';
import { OPERATIONS } from './reference/operations.js';
import { toText } from './wat.js';

/** Modules of the ordinary run: enough that each instruction is executed in one of them. */
const MODULES = 800;
/** The ordinary run ends here on a machine that is slow or has other work. */
const SECONDS = 35;
const FEWEST_MODULES = 150;

/** Where soaks begin, beyond the modules that every run sees. */
const SOAK_SEED = 1_000_000;

/** Instructions that are no operations: control, variables, references, sizes and ranges. */
const OTHERS =
  `unreachable nop block loop if else try catch catch_all delegate throw rethrow end br br_if br_table return
  call call_indirect return_call return_call_indirect drop select local.get local.set local.tee global.get global.set
  table.get table.set table.size table.grow table.fill table.copy table.init elem.drop memory.size memory.grow
  memory.fill memory.copy memory.init data.drop i32.const i64.const f32.const f64.const v128.const
  ref.null ref.is_null ref.func`.split(/\s+/);

interface Soak {
  readonly firstSeed: number;
  readonly modules: number;
  readonly seconds: number;
}

function soak(environment: NodeJS.ProcessEnv): Soak {
  const seconds = Number(environment['STERNA_FUZZ_SECONDS'] ?? 0);
  const seed = environment['STERNA_FUZZ_SEED'];
  if (seconds > 0) return { firstSeed: Number(seed ?? SOAK_SEED), modules: Infinity, seconds };
  return { firstSeed: Number(seed ?? 1), modules: MODULES, seconds: SECONDS };
}

t.test('a metered module does what it did, and its fuel is what it executed', (t) => {
  const { firstSeed, modules, seconds } = soak(process.env);
  const endsAt = performance.now() + seconds * 1_000;
  const endings: Record<string, number> = {};
  const executed = new Set<string>();
  let checked = 0;
  for (; checked < modules && performance.now() < endsAt; checked++) {
    const seed = firstSeed + checked;
    try {
      const result = check(seed);
      endings[result.ending] = (endings[result.ending] ?? 0) + 1;
      for (const name of result.executed) executed.add(name);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      t.fail(`seed ${seed}: ${error.message}`, { wat: toText(generateModule(seed).bytes) });
      break;
    }
  }
  t.comment(`${checked} modules from seed ${firstSeed}: ${JSON.stringify(endings)}`);
  t.ok(checked >= FEWEST_MODULES, `${checked} modules do the same and cost what they execute`);
  for (const ending of ['completed', 'trapped', 'threw', 'unfinished']) {
    t.ok((endings[ending] ?? 0) > 0, `${endings[ending] ?? 0} of them ${ending}`);
  }
  if (checked === MODULES) {
    const all = [...OPERATIONS.map(({ name }) => name), ...OTHERS];
    t.strictSame(
      all.filter((name) => !executed.has(name)),
      [],
      `each of ${all.length} instructions was executed`,
    );
  }
  t.end();
});
