/**
 * Functions that cost V8's optimising compiler gigabytes are refused; at the
 * bounds they cost tens of megabytes, also when they are hot.
 */
import t from 'tap';
import { RUNTIME_BOUNDS } from '../../../runtime/index.js';
import { Attacked } from './attacked.js';
import { expectationOf, tryCase, type BuiltCase } from './built-case.js';
import { BLOCK, END, jumpTable, LEAVE_IF, LOOP, NOP, plain, STORE, withLocals } from './code.js';
import { FIRST_FUNCTION, repeated, type Body } from './core-module.js';

t.setTimeout(120_000);

/** Returns if memory at 0 is 0, which it is: a call costs nothing, and makes the function hot. */
const RETURN = [0x41, 0x00, 0x28, 0x02, 0x00, 0x45, 0x0d, 0x00];

/** Calls the first function for ever: whatever can be optimised will be. */
const HOT = [...LOOP, 0x10, FIRST_FUNCTION, 0x0c, 0x00, END];

const { functionBytes, functionBranches, functionLoops, functionLocalBranches } = RUNTIME_BOUNDS;

const CASES: Readonly<Record<string, BuiltCase>> = {
  'jump tables of 65,520 labels': {
    shape: () => ({ functions: [plain(...Array.from({ length: 16 }, () => [...BLOCK, ...jumpTable(65_520), END]))] }),
    refused: /function 2 has \d+ branches: at most/,
  },
  'loops in a function with 49,000 locals, hot': {
    shape: () => ({ functions: [withLocals(49_000, RETURN, repeated(1_000, LOOP, LEAVE_IF, [END]))], handler: HOT }),
    refused: /function 2 has 49000 locals and \d+ branches: their product/,
  },
  'blocks nested 100,000 deep': {
    shape: () => ({ functions: [plain(repeated(100_000, BLOCK), repeated(100_000, [END]))] }),
    refused: /function 2 has 100000 branches: at most/,
  },
  'a function of 7.6 MB, hot': {
    shape: () => ({ functions: [plain(RETURN, repeated(760_000, STORE))], handler: HOT }),
    refused: /function 2 has \d+ bytes: at most/,
  },
  'a function as long as it may be, hot': {
    shape: () => ({ functions: [exactly(functionBytes, RETURN)], handler: HOT }),
    outcome: 'deadline',
  },
  'one byte more': {
    shape: () => ({ functions: [exactly(functionBytes + 1)] }),
    refused: /function 2 has 1048577 bytes/,
  },
  'as many loops as may be, hot': {
    shape: () => ({ functions: [plain(RETURN, repeated(functionLoops, LOOP, LEAVE_IF, STORE, [END]))], handler: HOT }),
    outcome: 'deadline',
  },
  'one loop more': {
    shape: () => ({ functions: [plain(repeated(functionLoops + 1, LOOP, STORE, [END]))] }),
    refused: /function 2 has 1025 loops: at most 1024/,
  },
  'as many branches as may be, hot': {
    shape: () => ({
      functions: [plain(RETURN, repeated((functionBranches - 2) / 2, BLOCK, LEAVE_IF, STORE, [END]))],
      handler: HOT,
    }),
    outcome: 'deadline',
  },
  'two branches more': {
    shape: () => ({ functions: [plain(repeated(functionBranches / 2 + 1, BLOCK, LEAVE_IF, [END]))] }),
    refused: /function 2 has 16386 branches: at most 16384/,
  },
  'as many locals for their branches as may be, hot': {
    shape: () => ({
      functions: [withLocals(functionLocalBranches / 4_096, RETURN, repeated(2_047, BLOCK, LEAVE_IF, STORE, [END]))],
      handler: HOT,
    }),
    outcome: 'deadline',
  },
  'one local more': {
    shape: () => ({
      functions: [withLocals(functionLocalBranches / 4_096 + 1, repeated(2_048, BLOCK, LEAVE_IF, [END]))],
    }),
    refused: /function 2 has 2049 locals and 4096 branches/,
  },
};

/** A function of this many bytes. */
function exactly(size: number, begin: readonly number[] = []): Body {
  const left = size - begin.length - 2;
  const stores = Math.floor(left / STORE.length);
  return plain(begin, repeated(stores, STORE), repeated(left - stores * STORE.length, [NOP]));
}

for (const [what, built] of Object.entries(CASES)) {
  t.test(`${what}: ${expectationOf(built)}`, async (t) => {
    const attacked = await Attacked.start(t);
    await tryCase(t, attacked, built);
    attacked.close();
  });
}
