/** What the link does not take, as it has no room for it. */
import t from 'tap';
import { BrokerError } from '../../../hub/broker/errors.js';
import { noCounts } from '../../../hub/counts.js';
import { Outbox } from '../../../hub/execution/outbox.js';
import type { StoredMessage } from '../../../hub/store/index.js';
import { turns } from '../hub-under-test.js';

t.test('a message at QoS 0 that the link has no room for is over, and holds no others up', async (t) => {
  const message: StoredMessage = {
    topic: 'out',
    payload: new Uint8Array(),
    qos: 0,
    retain: false,
    origin: { id: 'e/task/0', source: 'task', timeMs: 5 },
  };
  const sent: number[] = [];
  const counts = noCounts();
  const outbox = new Outbox({
    store: { unsent: () => [], lastOutboxId: 0 },
    journal: { sent: (id) => void sent.push(id), bury: () => t.fail('it is no dead letter') },
    publish: () => Promise.reject(new BrokerError('overloaded', 'as many already wait')),
    counts,
    observe: () => undefined,
    clock: () => 5,
  });
  outbox.released({ id: 1, messages: [message] });
  await turns();
  t.same(sent, [1]);
  t.equal(counts.publishFailed, 1);
});
