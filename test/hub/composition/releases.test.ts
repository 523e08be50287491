import t from 'tap';
import { Releases } from '../../../hub/composition/releases.js';

t.test('the last one started is stopped first, once, and one that fails does not keep the others', async (t) => {
  const releases = new Releases();
  const stopped: string[] = [];
  const errors: unknown[] = [];
  releases.add(() => void stopped.push('store'));
  releases.add(() => Promise.reject(new Error('it does not stop')));
  releases.add(async () => {
    await Promise.resolve();
    stopped.push('runtime');
  });
  const log = { error: (error: unknown) => errors.push(error) };
  await releases.all(log);
  await releases.all(log);
  t.strictSame(stopped, ['runtime', 'store']);
  t.match(errors, [{ err: { message: 'it does not stop' } }]);
});
