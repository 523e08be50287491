import t from 'tap';
import { BrokerError, LateLink } from '../../../hub/broker/index.js';
import { LINK_LIMITS } from '../../../hub/broker/limits.js';
import { fakeLink } from '../fake-link.js';

const message = (topic: string, qos: 0 | 1 = 1): Parameters<LateLink['publish']>[0] => ({
  topic,
  payload: new Uint8Array(1),
  qos,
  retain: false,
});

t.test('what is asked of it before it is connected waits, in order', async (t) => {
  const late = new LateLink();
  const link = fakeLink();
  let connected: () => void = () => undefined;
  const connecting = late.connect(() => new Promise((resolve) => (connected = () => resolve(link))));
  const asked = [late.publish(message('a')), late.subscribe([{ filter: 'x', qos: 1 }]), late.publish(message('b'))];
  t.same(link.published, []);
  connected();
  await Promise.all([connecting, ...asked]);
  await late.publish(message('c'));
  t.same(
    link.published.map(({ topic }) => topic),
    ['a', 'b', 'c'],
  );
  t.same(link.subscriptions, [{ filter: 'x', qos: 1 }]);
  await late.close();
  t.equal(link.closed, true);
});

t.test('of what is promised to nobody no more waits than may', async (t) => {
  const late = new LateLink();
  void late.connect(() => new Promise(() => undefined));
  for (let n = 0; n < LINK_LIMITS.waiting; n++) void late.publish(message('x', 0));
  await t.rejects(late.publish(message('x', 0)), { code: 'overloaded' });
  const kept = late.publish(message('x', 1)).then(() => 'published');
  t.equal(await Promise.race([kept, Promise.resolve('waits')]), 'waits', 'what is on disk is bounded by who reads it');
});

t.test('closing it gives up connecting, and whoever waits hears of it', async (t) => {
  const late = new LateLink();
  const connecting = late.connect(
    (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new BrokerError('closed', 'no more')));
      }),
  );
  const told = [connecting, late.publish(message('x'))].map((each) => t.rejects(each, { code: 'closed' }));
  await late.close();
  await Promise.all(told);
});
