import t from 'tap';
import { LOOP_BOUNDS } from '../../../hub/loops/limits.js';
import { isLoop, showChain } from '../../../hub/loops/index.js';

t.test('a task may be woken by its own publishes as often as it says, and not once more', (t) => {
  t.notOk(isLoop([], 'a', 2));
  t.notOk(isLoop(['a', 'a'], 'a', 2), 'the first run was woken from outside');
  t.ok(isLoop(['a', 'a', 'a'], 'a', 2));
  t.ok(isLoop(['a', 'b', 'a', 'b', 'a', 'b'], 'a', 2), 'through another task too');
  t.end();
});

t.test('a long chain of different tasks is no loop, until it is longer than any', (t) => {
  const different = Array.from({ length: LOOP_BOUNDS.chainLength - 1 }, (_, i) => `t${i}`);
  t.notOk(isLoop(different, 'a', 2));
  t.ok(isLoop([...different, 'last'], 'a', 2));
  t.end();
});

t.test('a chain is shown by its end', (t) => {
  t.equal(showChain(['a', 'b']), 'a > b (2 publishes in a row)');
  t.equal(showChain(['a', 'b', 'a', 'b', 'a']), '... > b > a > b > a (5 publishes in a row)');
  t.end();
});
