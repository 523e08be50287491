/** Code that is built to execute much between two looks at its fuel: it ends soon after its limit all the same. */
import t from 'tap';
import { FUEL_PER_PAGE } from '../../../runtime/provision/meter/costs.js';
import { costOf } from './reference/published-costs.js';
import { meteredInstance, outcomeOf } from './side-by-side.js';
import { fromText } from './wat.js';

t.setTimeout(60_000);

const LIMIT = 1_000_000;
/** Instructions in a row, and calls in a row of the function that they are: without an end, 3 billion of fuel. */
const ROW = 5_000;

/** What does nothing, and is dear. */
const IDLE: Readonly<Record<string, string>> = {
  'memory.grow that is refused': '(drop (memory.grow (i32.const 9)))',
  'memory.grow that fails': '(drop (memory.grow (i32.const 65000)))',
  'memory.grow by nothing': '(drop (memory.grow (i32.const 0)))',
  'table.grow that is refused': '(drop (table.grow (ref.null func) (i32.const 9)))',
  'table.grow that fails': '(drop (table.grow (ref.null func) (i32.const -9)))',
  'memory.fill of nothing': '(memory.fill (local.get 0) (local.get 0) (local.get 0))',
  'memory.copy of nothing': '(memory.copy (local.get 0) (local.get 0) (local.get 0))',
  'memory.init of nothing': '(memory.init $d (local.get 0) (local.get 0) (local.get 0))',
  'table.fill of nothing': '(table.fill (local.get 0) (ref.null func) (local.get 0))',
  'table.copy of nothing': '(table.copy (local.get 0) (local.get 0) (local.get 0))',
  'table.init of nothing': '(table.init $e (local.get 0) (local.get 0) (local.get 0))',
};

for (const [what, instruction] of Object.entries(IDLE)) {
  t.test(`a row of functions that are a row of ${what} ends at its limit`, (t) => {
    const module = fromText(`(module (memory 1 1) (table 1 funcref) (data $d "") (elem $e func)
      (func $row (param i32) ${`${instruction}\n`.repeat(ROW)})
      (func (export "run") ${'(call $row (i32.const 0))\n'.repeat(ROW)}))`);
    const mayGrow = (_: number, count: number): boolean => count !== 9;
    const account = meteredInstance(module, {}, { limit: LIMIT, slice: LIMIT / 10, mayGrow });
    outcomeOf(account.exports, 'run', []);
    t.ok(account.outOfFuel);
    // What a function will execute before it can come to an end is charged on entry: of $row and of the one that calls it.
    const onEntry = ROW * 501 + ROW * 5;
    t.ok(account.used >= LIMIT && account.used < LIMIT * 2 + onEntry, `${account.used} was used`);
    t.end();
  });
}

t.test('growing by as much as a 32-bit number of fuel cannot hold is charged as what it is', (t) => {
  for (const pages of [1, 16_384, 32_767, 32_768, 32_769, 49_152, 65_535]) {
    const module = fromText(
      `(module (memory 0) (func (export "run") (result i32) (memory.grow (i32.const ${pages}))))`,
    );
    const account = meteredInstance(module, {}, { limit: 10_000_000_000, slice: LIMIT });
    t.equal(outcomeOf(account.exports, 'run', []).result, 0);
    t.equal(account.used, pages * FUEL_PER_PAGE + costOf('memory.grow'), `${pages} pages`);
  }
  t.end();
});
