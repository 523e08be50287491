/**
 * Runs a random module three ways: in the reference interpreter, in the engine
 * as it came, and in the engine metered under several budgets. All must look
 * the same from outside, and the fuel must be what the interpreter counted.
 */
import { UNCHECKED_FUEL } from '../../../../runtime/provision/meter/costs.js';
import { catches, metered, type MeteredInstance } from '../metered-module.js';
import { PAGE_COST } from '../reference/published-costs.js';
import { generateModule } from './generate-module.js';
import { InEngine } from './in-engine.js';
import { InInterpreter } from './in-interpreter.js';
import type { Ending, Ran } from './ran.js';

export interface Checked {
  readonly ending: Ending;
  readonly fuel: number;
  /** The names of the instructions that were executed. */
  readonly executed: ReadonlySet<string>;
}

/** A promise of metering that a random module found broken. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

type Metered = Ran & { readonly account: MeteredInstance | undefined };

/** Checks the module of a seed. @throws Broken saying what differs. */
export function check(seed: number): Checked {
  const { bytes, plan } = generateModule(seed);
  const interpreter = new InInterpreter(bytes, plan, seed);
  const expected = interpreter.run();
  const fuel = expected.fuel.at(-1) ?? 0;
  const module = compiledMetered(bytes);
  const exact = catches(bytes);
  if (expected.ending === 'unfinished') {
    stops(module, fuel, () => new InEngine(plan, seed));
  } else {
    const plain = new InEngine(plan, seed).run(new WebAssembly.Module(bytes));
    same('the engine and the reference interpreter', plain, expected);
    for (const slice of [undefined, 1 + (seed % 50), 1_000 + (seed % 7_000)]) {
      const ran = new InEngine(plan, seed).runMetered(module, slice === undefined ? {} : { slice });
      same(`the module as it came and metered, in slices of ${slice ?? 'any size'},`, ran, plain);
      pays(ran, expected, exact);
    }
    if (fuel > 2) stops(module, Math.floor(fuel / 2), () => new InEngine(plan, seed), expected);
  }
  return { ending: expected.ending, fuel, executed: interpreter.executed };
}

function compiledMetered(bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(metered(bytes));
  } catch (error) {
    throw new Broken(`it cannot be metered: ${String(error)}`, { cause: error });
  }
}

/** @throws Broken saying what differs. */
export function same(what: string, actual: Ran, expected: Ran): void {
  for (const part of ['outcomes', 'trace', 'state'] as const) {
    const [a, b] = [actual[part], expected[part]];
    const at = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).find((i) => a[i] !== b[i]);
    if (at !== undefined)
      throw new Broken(`${what} differ in ${part} ${at}: ${a[at] ?? 'nothing'} instead of ${b[at] ?? 'nothing'}`);
  }
}

/** The pages that one instruction of a random module gains at most. */
const MOST_PAGES = 3;

/** What no run can exceed between two looks. */
const LONGEST_STRETCH = UNCHECKED_FUEL + MOST_PAGES * PAGE_COST;

/**
 * Fuel is what was executed, of everything that completed. What ends early has
 * paid for the rest of its last stretch as well; what the engine trapped pays
 * for all that it was granted, and may have executed a stretch more.
 */
function pays(ran: Metered, expected: Ran, exact: boolean): void {
  // Also what the host let go that it had called back.
  const thrown = [...expected.outcomes, ...expected.trace].some(isThrown);
  for (const [i, outcome] of expected.outcomes.entries()) {
    const executed = spent(expected, i);
    const paid = spent(ran, i);
    const last = i === expected.outcomes.length - 1;
    if (last && expected.ending === 'trapped') {
      const granted = ran.account?.granted ?? Infinity;
      if (granted < executed - LONGEST_STRETCH) throw new Broken(`it executed ${executed} and was granted ${granted}`);
    } else if (paid < executed || paid > executed + (exact || !thrown ? 0 : LONGEST_STRETCH)) {
      throw new Broken(`${outcome} used ${paid} fuel, and executed ${executed}`);
    }
  }
}

function isThrown(line: string): boolean {
  return /: (exception|the host refuses)/.test(line);
}

/** The fuel of one outcome. */
function spent(ran: Ran, index: number): number {
  return (ran.fuel[index] ?? 0) - (ran.fuel[index - 1] ?? 0);
}

/** A run under a limit that it exceeds ends by it, soon, and has done nothing that it would not have done. */
function stops(module: WebAssembly.Module, limit: number, engine: () => InEngine, whole?: Ran): void {
  const slice = 1 + Math.floor(limit / 7);
  const ran = engine().runMetered(module, { slice, limit });
  const { account } = ran;
  if (account === undefined) return; // it trapped before it could begin
  if (ran.ending === 'trapped') return; // by itself, before the limit or within the last stretch
  if (account.used > limit + LONGEST_STRETCH) throw new Broken(`it used ${account.used} of ${limit}`);
  if (account.slices > limit / slice + 2)
    throw new Broken(`it asked ${account.slices} times for slices of ${slice} up to ${limit}`);
  if (whole === undefined) {
    if (ran.ending !== 'out-of-fuel')
      throw new Broken(`it ended as ${ran.ending} with a limit of ${limit} and should not end at all`);
  } else if (ran.trace.some((line, i) => line !== whole.trace[i])) {
    throw new Broken(`stopped at ${limit}, it asked the host for something else than before`);
  }
}
