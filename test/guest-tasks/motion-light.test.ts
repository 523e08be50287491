import t from 'tap';
import { NOON, openTask, published } from './task-under-test.js';

const task = await openTask('guest-tasks/motion-light');
t.teardown(() => task.close());

const ON = '{"state":"ON"}';
const OFF = '{"state":"OFF"}';

interface Report {
  readonly room: string;
  readonly occupancy?: boolean;
  /** Seconds after noon. */
  readonly seen?: number | string;
  readonly arrived?: number;
}

async function report({ room, occupancy, seen, arrived = 0 }: Report): Promise<readonly string[]> {
  const lastSeen = typeof seen === 'number' ? new Date(NOON + seen * 1000).toISOString() : seen;
  const result = await task.send({
    topic: `zigbee2mqtt/${room}/motion`,
    payload: JSON.stringify({ occupancy, last_seen: lastSeen }),
    captures: { room },
    arrivedAtMs: NOON + arrived * 1000,
  });
  t.equal(result.outcome.kind, 'completed');
  return published(result).map(({ text }) => text);
}

t.test('on with motion, off once it was quiet for long enough by the events own times', async (t) => {
  t.same(await report({ room: 'hall', occupancy: true, seen: 0 }), [ON]);
  t.same(await report({ room: 'hall', occupancy: true, seen: 60 }), [], 'it is on already');
  t.same(await report({ room: 'hall', occupancy: false, seen: 150 }), [], 'quiet for 90 seconds');
  t.same(await report({ room: 'hall', occupancy: false, seen: 180 }), [OFF], 'quiet for 120 seconds');
  t.same(await report({ room: 'hall', occupancy: false, seen: 300 }), [], 'it is off already');
  t.same(await report({ room: 'hall', occupancy: true, seen: 400 }), [ON]);
});

t.test('any report of the room is a chance to turn off', async (t) => {
  t.same(await report({ room: 'bath', occupancy: true, seen: 0 }), [ON]);
  t.same(await report({ room: 'bath', seen: 500 }), [OFF]);
});

t.test('without last_seen the time of arrival counts', async (t) => {
  t.same(await report({ room: 'attic', occupancy: true, arrived: 0 }), [ON]);
  t.same(await report({ room: 'attic', occupancy: false, arrived: 119 }), []);
  t.same(await report({ room: 'attic', occupancy: false, arrived: 120, seen: 'yesterday' }), [OFF]);
});

t.test('times of two clocks are not compared', async (t) => {
  t.same(await report({ room: 'shed', occupancy: true, seen: -86_400 }), [ON]);
  t.same(await report({ room: 'shed', arrived: 10 }), [], 'the device says yesterday, the hub says today');
});

t.test('a report that was overtaken does not shorten the quiet time', async (t) => {
  t.same(await report({ room: 'den', occupancy: true, seen: 100 }), [ON]);
  t.same(await report({ room: 'den', occupancy: true, seen: 0 }), []);
  t.same(await report({ room: 'den', occupancy: false, seen: 150 }), []);
});

t.test('what is no report changes nothing and does not fail', async (t) => {
  for (const payload of ['', '{"occupancy":tru', '{"occupancy":"true"}', '{"occupancy":1,"last_seen":{}}', '7']) {
    const result = await task.send({ topic: 'zigbee2mqtt/nook/motion', payload, captures: { room: 'nook' } });
    t.same([result.outcome.kind, result.effects.length], ['completed', 0], payload);
  }
});
