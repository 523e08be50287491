import { join } from 'node:path';
import t from 'tap';
import { openStore, type StoredShaping } from '../../../hub/store/index.js';

const memory = (filter: string): StoredShaping => ({
  task: 'light',
  filter,
  rules: '{}',
  keys: [
    { key: 'küche/ü', value: '"ON"', openAtMs: 1_795_000_000_000.5 },
    { key: '', value: undefined, openAtMs: 0 },
    { key: 'b', value: '', openAtMs: undefined },
  ],
  seen: [
    ['1:a#x', 1_795_000_000_000],
    ['', 0],
  ],
});

t.test('what shaping remembers is there after a restart, and whether it is all', async (t) => {
  const file = join(t.testdir({}), 'state.db');
  const first = openStore(file);
  t.same(first.shaping(), { memories: [], isComplete: false });
  first.keepShaping([memory('a'), memory('b')], false);
  first.keepShaping([{ ...memory('b'), keys: [], seen: [] }], false);
  t.strictSame(first.shaping(), {
    memories: [memory('a'), { ...memory('b'), keys: [], seen: [] }],
    isComplete: false,
  });
  first.keepShaping([memory('c')], true);
  await first.close();
  const second = openStore(file);
  t.teardown(() => second.close());
  t.strictSame(second.shaping(), { memories: [memory('c')], isComplete: true }, 'when it is all, there is no other');
  t.throws(() => first.keepShaping([], false), { code: 'closed' });
});
