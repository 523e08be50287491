import t from 'tap';
import { LINK_LIMITS } from '../../../hub/broker/limits.js';
import { publishFault } from '../../../hub/broker/publish-fault.js';
import type { OutgoingMessage } from '../../../hub/broker-link.js';
import { ACCEPTED } from './fake-wire.js';

function message(topic: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { topic, payload: new Uint8Array(), qos: 0, retain: false, ...more };
}

t.test('what a broker answers by closing the connection is stopped before it', async (t) => {
  t.match(publishFault(message(''), ACCEPTED), /empty/);
  t.match(publishFault(message('a/+'), ACCEPTED), /wildcards/);
  t.match(publishFault(message('a\0'), ACCEPTED), /U\+0000/);
  t.match(publishFault(message('$SYS/x'), ACCEPTED), /begins with \$/);
  t.match(
    publishFault(message('a', { payload: new Uint8Array(ACCEPTED.packetBytes) }), ACCEPTED),
    /at most 1000000 bytes/,
  );
  t.match(publishFault(message('a', { retain: true }), { ...ACCEPTED, retainAvailable: false }), /no retained/);
});

t.test('a topic may have as many levels as the bound says, and not one more', async (t) => {
  const levels = (n: number): string => Array.from({ length: n }, () => 'x').join('/');
  t.equal(publishFault(message(levels(LINK_LIMITS.topicLevels)), ACCEPTED), undefined);
  t.match(publishFault(message(levels(LINK_LIMITS.topicLevels + 1)), ACCEPTED), /at most 100 levels: it has 101/);
  t.equal(publishFault(message('x'.repeat(5_000)), ACCEPTED), undefined);
});
