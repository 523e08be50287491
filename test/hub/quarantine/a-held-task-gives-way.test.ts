/** A task in quarantine, whose events wait for long, does not keep the hub from taking what is for others. */
import t from 'tap';
import { INTAKE_BOUNDS } from '../../../hub/intake/limits.js';
import { MANIFEST_BOUNDS } from '../../../hub/manifest/limits.js';
import { QUEUE_BOUNDS } from '../../../hub/queue/limits.js';
import { until } from '../../runtime/eventually.js';
import { failingHub, textOf, type FailingHub } from '../failing-hub.js';
import { turns } from '../hub-under-test.js';

const BAD = `name = "bad"
[[trigger]]
topic = "bad/#"
[retry]
attempts = 1
[quarantine]
failures = 1
coolDown = "1 h"
`;
const GOOD = 'name = "good"\n[[trigger]]\ntopic = "good"\n';

const letters = ({ hub }: FailingHub): string[] =>
  hub.control.letters
    .list({ limit: 100_000 })
    .map(({ topic, reason }) => `${topic} ${reason}`)
    .toReversed();

t.test('with overflow = "reject", what it has no room for becomes dead letters, the oldest first', async (t) => {
  const hub = await failingHub(t, {
    tasks: { bad: `${BAD}[limits]\nqueue = 2\noverflow = "reject"\n`, good: GOOD },
  });
  await hub.send('bad/0', 'failed');
  for (const n of [1, 2, 3, 4]) await hub.send(`bad/${n}`, 'later');
  await hub.send('bad/zero', 'later', 0);
  await hub.send('good', 'x');
  t.same(letters(hub), ['bad/0 failed', 'bad/1 quarantined', 'bad/2 quarantined']);
  t.equal(hub.hub.counts.held, 0);
  t.equal(hub.hub.counts.dropped.quarantined, 2);
  t.equal(hub.hub.counts.refused['task-queue-full'], 1, 'at QoS 0 the new one goes');
  await hub.pass(3_600_000);
  t.same(hub.tried(), ['failed 1', 'x 1', 'later 1', 'later 1']);
  await until('all are acknowledged', 5_000, () => hub.link.acknowledged.length === 7);
  await hub.hub.control.letters.purge({ kind: 'run', number: 1 });
  t.match(await hub.hub.control.letters.redriveAll('bad'), { redriven: 2, left: 0 });
  await hub.pass(1);
  t.equal(hub.tried().filter((one) => one === 'later 1').length, 4, 'and they can be sent back');
});

t.test('what was with the broker for it when it was quarantined is taken', async (t) => {
  const hub = await failingHub(t, {
    tasks: { bad: `${BAD}[limits]\nqueue = 1\noverflow = "reject"\n`, good: GOOD },
    behave: (request) => (textOf(request) === 'failed' ? { outcome: { kind: 'failed', message: 'no' } } : {}),
  });
  hub.runtime.slots = 0;
  // In one go: the first runs, the second waits, the others are held.
  for (const n of [0, 1, 2, 3]) hub.link.deliver(`bad/${n}`, { payload: Buffer.from(n === 0 ? 'failed' : 'later') });
  t.equal(hub.hub.counts.held, 2);
  await turns();
  t.same(letters(hub), ['bad/0 failed', 'bad/1 quarantined', 'bad/2 quarantined']);
});

t.test('when the hub is full, what waits for it gives way', async (t) => {
  const hub = await failingHub(t, {
    tasks: { bad: `${BAD}[limits]\nqueue = ${MANIFEST_BOUNDS.maxTaskQueue}\n`, good: GOOD },
  });
  await hub.send('bad/0', 'failed');
  const large = Buffer.alloc(INTAKE_BOUNDS.payloadBytes);
  const many = Math.ceil(QUEUE_BOUNDS.queuedBytes / large.length) + 1;
  for (let n = 1; n <= many; n++) hub.link.deliver(`bad/${n}`, { payload: large });
  await turns();
  for (let n = 0; n < QUEUE_BOUNDS.queuedRuns; n++) hub.link.deliver('bad/small', { payload: Buffer.from('s') });
  await turns();
  await hub.send('good', 'x');
  t.same(hub.tried(), ['failed 1', 'x 1']);
  t.equal(hub.hub.counts.held, 0);
  t.ok(hub.hub.runs <= QUEUE_BOUNDS.queuedRuns);
  t.equal(hub.hub.counts.dropped.quarantined > 0, true);
});
