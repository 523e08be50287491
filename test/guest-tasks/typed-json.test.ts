import t from 'tap';
import { openTask, published } from './task-under-test.js';

t.test('a task that imports json-as reads a typed payload', async (t) => {
  const task = await openTask('test/fixtures/guests/typed-json');
  t.teardown(() => task.close());
  const result = await task.send({ payload: '{"temperature":20.5,"room":"hall"}' });
  t.same(published(result), [{ topic: 'out/typed', text: '{"temperature":21.5,"room":"hall"}' }]);
  const { outcome } = await task.send({ payload: '{"temperature":"warm' });
  t.not(outcome.kind, 'completed', 'one that does not fit is not read');
});
