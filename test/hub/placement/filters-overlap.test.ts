import t from 'tap';
import { filtersOverlap } from '../../../hub/placement/filters-overlap.js';

t.test('two filters overlap when some topic matches both', (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['a/b', 'a/b', true],
    ['a/b', 'a/c', false],
    ['a/+', '+/b', true],
    ['a/+', 'a', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'b/#', false],
    ['#', 'x/y', true],
    ['a/+/c', 'a/b', false],
    ['a/+/c', 'a/#', true],
  ];
  for (const [a, b, expected] of cases) {
    t.equal(filtersOverlap(a, b), expected, `${a} and ${b}`);
    t.equal(filtersOverlap(b, a), expected, `${b} and ${a}`);
  }
  t.end();
});
