import t from 'tap';
import { openTask, published } from './task-under-test.js';

t.test('a task with a collector runs in less memory than it allocates', async (t) => {
  const task = await openTask('test/fixtures/guests/collected');
  t.teardown(() => task.close());
  for (const attempt of ['first', 'second']) {
    const result = await task.send({ payload: '{"temperature":21.5,"room":"Küche"}' });
    t.same(result.outcome, { kind: 'completed' }, attempt);
    t.ok(Number(published(result)[0]?.text) > 512 * 1024, 'it allocated more than its limit');
  }
});
