import t from 'tap';
import { QUEUE_BOUNDS } from '../../../hub/queue/limits.js';
import { admit, hasRoom, type Load } from '../../../hub/queue/index.js';

const EMPTY: Load = { runs: 0, bytes: 0, waitForRoom: 0 };
const FULL: Load = { ...EMPTY, runs: QUEUE_BOUNDS.queuedRuns, bytes: 1_000 };

t.test('an event is taken up to the last place and not beyond', (t) => {
  const last: Load = { ...EMPTY, runs: QUEUE_BOUNDS.queuedRuns - 1 };
  t.equal(admit(last, { runs: 1, bytes: 1, qos: 1 }), 'accept');
  t.equal(admit(last, { runs: 2, bytes: 1, qos: 1 }), 'hold');
  t.equal(admit(FULL, { runs: 1, bytes: 1, qos: 1 }), 'hold');
  const heavy: Load = { ...EMPTY, runs: 1, bytes: QUEUE_BOUNDS.queuedBytes - 10 };
  t.equal(admit(heavy, { runs: 1, bytes: 10, qos: 0 }), 'accept');
  t.equal(admit(heavy, { runs: 1, bytes: 11, qos: 0 }), 'refuse');
  t.equal(admit(heavy, { runs: 2, bytes: 10, qos: 0 }), 'refuse', 'each run counts');
  t.end();
});

t.test('a full hub holds an event at QoS 1 and drops one at QoS 0', (t) => {
  t.equal(admit(FULL, { runs: 1, bytes: 1, qos: 0 }), 'refuse');
  t.equal(admit(FULL, { runs: 1, bytes: 1, qos: 1 }), 'hold');
  t.equal(admit(FULL, { runs: 1, bytes: 1, qos: 2 }), 'hold');
  t.end();
});

t.test('a newcomer at QoS 1 does not overtake those held', (t) => {
  t.equal(admit({ ...EMPTY, runs: 1, waitForRoom: 1 }, { runs: 1, bytes: 1, qos: 1 }), 'hold');
  t.equal(admit({ ...EMPTY, runs: 1 }, { runs: 1, bytes: 1, qos: 1 }), 'accept', 'held by a task only');
  t.end();
});

t.test('an idle hub takes any event, so that none can be stuck for ever', (t) => {
  t.ok(hasRoom(EMPTY, { runs: QUEUE_BOUNDS.queuedRuns + 1, bytes: QUEUE_BOUNDS.queuedBytes }));
  t.end();
});
