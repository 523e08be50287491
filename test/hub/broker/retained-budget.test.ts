import t from 'tap';
import { RetainedBudget } from '../../../hub/broker/retained-budget.js';

t.test('the number of retained topics is bounded, and clearing one makes room', async (t) => {
  const budget = new RetainedBudget({ topics: 2, bytes: 1_000 });
  t.equal(budget.admits('a', 1), true);
  t.equal(budget.admits('b', 1), true);
  t.equal(budget.admits('c', 1), false);
  t.equal(budget.admits('a', 5), true, 'one that is there may change');
  t.equal(budget.admits('b', 0), true);
  t.equal(budget.admits('c', 1), true);
});

t.test('their bytes are bounded, and a replaced message counts once', async (t) => {
  const budget = new RetainedBudget({ topics: 10, bytes: 100 });
  t.equal(budget.admits('a', 99), true);
  t.equal(budget.admits('b', 1), false);
  t.equal(budget.admits('a', 50), true);
  t.equal(budget.admits('b', 48), true);
  t.equal(budget.admits('c', 1), false);
});
