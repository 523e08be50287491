/** A provider that is found at fault while there is no session with it: nobody waits for its runs. */
import t from 'tap';
import { createLog } from '../../../hub/log.js';
import { RemoteProvider } from '../../../hub/session/index.js';
import { virtualTimer } from '../virtual-timer.js';

t.test('whoever has runs there is told that nobody is to count on it', (t) => {
  const lost: [boolean, string][] = [];
  const provider = new RemoteProvider({
    saved: { name: 'shed', token: { url: 'ws://127.0.0.1:1' } },
    timer: virtualTimer(),
    log: createLog('silent'),
    changed: () => undefined,
    lost: (isForGood: boolean, reason: string) => lost.push([isForGood, reason]),
  } as never);
  provider.fault('it said what cannot be');
  t.same(lost, [[true, 'it said what cannot be']]);
  t.match(provider.status, { state: 'faulty', reason: 'it said what cannot be' });
  t.end();
});
