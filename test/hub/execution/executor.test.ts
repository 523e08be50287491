/** Which messages wait for the disk. */
import t from 'tap';
import type { Effect, QoS } from '../../../runtime/index.js';
import { until } from '../../runtime/eventually.js';
import { testHub } from '../hub-under-test.js';

const TASK = `name = "task"
[[trigger]]
topic = "in/+"
[grants]
publish = ["out"]
buckets = { default = "read-write" }
`;

const publish = (qos: QoS): Effect => ({
  kind: 'publish',
  topic: 'out',
  payload: Buffer.from(`${qos}`),
  qos,
  retain: false,
});
const set: Effect = { kind: 'set', bucket: 'task/task/default', key: 'k', value: Buffer.from('v') };

/** How many turns of the event loop it is until the run's message leaves. */
async function leavesAtOnce(
  t: Parameters<typeof testHub>[0],
  eventQos: QoS,
  effects: readonly Effect[],
): Promise<boolean> {
  const { link } = await testHub(t, { tasks: { task: TASK }, behave: () => ({ effects }) });
  link.deliver('in/a', { qos: eventQos });
  // The pool answers, the lane lets go, the batch ends: none of it waits for the disk.
  for (let i = 0; i < 20; i++) await Promise.resolve();
  await new Promise((resolve) => process.nextTick(resolve));
  for (let i = 0; i < 20; i++) await Promise.resolve();
  const atOnce = link.published.length > 0;
  await until('it is published', 10_000, () => link.published.length > 0);
  return atOnce;
}

t.test('what nobody was promised passes the disk, and all else waits for it', async (t) => {
  t.ok(await leavesAtOnce(t, 0, [publish(0)]), 'a message at QoS 0 of an event at QoS 0');
  t.notOk(await leavesAtOnce(t, 0, [publish(1)]), 'a message at QoS 1');
  t.notOk(await leavesAtOnce(t, 1, [publish(0)]), 'of an event that was acknowledged');
  t.notOk(await leavesAtOnce(t, 0, [set, publish(0)]), 'of a run that wrote state');
});

t.test('what passes the disk overtakes nothing that waits for it', async (t) => {
  const { link } = await testHub(t, {
    tasks: { task: TASK },
    behave: ({ event }) => ({ effects: [publish(event.topic === 'in/kept' ? 1 : 0)] }),
  });
  for (let i = 0; i < 5; i++) link.deliver(i % 2 === 0 ? 'in/kept' : 'in/free', { qos: 0 });
  await until('all are published', 10_000, () => link.published.length === 5);
  t.strictSame(
    link.published.map(({ qos }) => qos),
    [1, 0, 1, 0, 1],
  );
});
