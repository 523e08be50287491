import t from 'tap';
import { noCounts } from '../../../hub/counts.js';
import type { Observation } from '../../../hub/observations.js';
import { INTAKE_BOUNDS } from '../../../hub/intake/limits.js';
import { ReadingPause } from '../../../hub/intake/reading-pause.js';
import { fakeLink } from '../fake-link.js';
import { testHub } from '../hub-under-test.js';

const event = (bytes: number): { payload: Uint8Array } => ({ payload: new Uint8Array(bytes) });

function pauseUnderTest(): { pause: ReadingPause; seen: Observation[]; counts: ReturnType<typeof noCounts> } {
  const seen: Observation[] = [];
  const counts = noCounts();
  return { pause: new ReadingPause(counts, (one) => seen.push(one)), seen, counts };
}

t.test('reading stops with the last event that may be unacknowledged, and goes on at half', async (t) => {
  const { pause, seen, counts } = pauseUnderTest();
  for (let i = 1; i < INTAKE_BOUNDS.heldEvents; i++) pause.taken(event(1));
  t.equal(pause.over, undefined);
  pause.taken(event(1));
  const over = pause.over;
  t.not(over, undefined);
  for (let i = 0; i < INTAKE_BOUNDS.heldEvents / 2 - 1; i++) pause.acknowledged(event(1));
  t.equal(pause.over, over, 'one promise for all who ask');
  pause.acknowledged(event(1));
  t.equal(pause.over, undefined);
  await over;
  t.equal(counts.pauses, 1);
  const half = INTAKE_BOUNDS.heldEvents / 2;
  t.strictSame(seen, [
    { kind: 'intake-paused', events: INTAKE_BOUNDS.heldEvents, bytes: INTAKE_BOUNDS.heldEvents },
    { kind: 'intake-resumed', events: half, bytes: half },
  ]);
});

t.test('large payloads stop it sooner', (t) => {
  const { pause } = pauseUnderTest();
  pause.taken(event(INTAKE_BOUNDS.heldBytes - 1));
  t.equal(pause.over, undefined);
  pause.taken(event(1));
  t.not(pause.over, undefined);
  pause.acknowledged(event(1));
  t.not(pause.over, undefined);
  pause.acknowledged(event(INTAKE_BOUNDS.heldBytes - 1));
  t.equal(pause.over, undefined);
  t.end();
});

t.test('a hub that takes nothing more reads on', async (t) => {
  const { pause } = pauseUnderTest();
  pause.taken(event(INTAKE_BOUNDS.heldBytes));
  const over = pause.over;
  pause.stop();
  await over;
  pause.taken(event(INTAKE_BOUNDS.heldBytes));
  t.equal(pause.over, undefined);
});

t.test('whatever comes while a hub does not read, the answer is to read no more', async (t) => {
  const link = fakeLink();
  const answers: unknown[] = [];
  const connect: typeof link.connect = (onMessage) => link.connect((message) => void answers.push(onMessage(message)));
  const { hub, runtime } = await testHub(t, {
    tasks: { any: 'name = "any"\n[[trigger]]\ntopic = "x/#"\n[limits]\nqueue = 1\noverflow = "reject"\n' },
    link: { ...link, connect },
  });
  const connection = {};
  // One runs and one waits; they are on disk with the next turn.
  for (let i = 0; i < 2; i++) link.deliver(`x/${i}`, { packet: { id: i + 1, connection } });
  while (link.acknowledged.length < 2) await new Promise((resolve) => setImmediate(resolve));
  for (let i = 2; i < INTAKE_BOUNDS.heldEvents + 2; i++) link.deliver(`x/${i}`, { packet: { id: i + 1, connection } });
  t.same(answers.slice(0, -1), Array.from({ length: INTAKE_BOUNDS.heldEvents + 1 }));
  const last = answers.at(-1);
  t.ok(last instanceof Promise);
  link.deliver('x/2', { dup: true, packet: { id: 3, connection: {} } });
  link.deliver('y');
  link.deliver('x/zero', { qos: 0 });
  t.same(answers.slice(-3), [last, last, last]);
  t.equal(hub.counts.repeatedDeliveries, 1);
  t.equal(hub.counts.refused['hub-queue-full'] + hub.counts.refused['task-queue-full'], 1, 'at QoS 0 only');
  while (hub.runs > 0) {
    while (runtime.pending.length > 0) runtime.answer();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await last;
  t.equal(hub.counts.runs.completed, INTAKE_BOUNDS.heldEvents + 2);
});
