import t from 'tap';
import { openTask, published } from './task-under-test.js';

const task = await openTask('guest-tasks/digest');
t.teardown(() => task.close());

const climate = (room: string, payload: string) =>
  task.send({ topic: `zigbee2mqtt/${room}/climate`, payload, captures: { room } });

async function morning(scheduled: string): Promise<readonly (readonly [topic: string, said: unknown])[]> {
  const result = await task.send({ topic: '$timer/digest/morning', payload: JSON.stringify({ scheduled }) });
  t.equal(result.outcome.kind, 'completed');
  return published(result).map(({ topic, text }) => {
    const said: unknown = JSON.parse(text);
    return [topic, said];
  });
}

t.test('its timer tells the range of each room, and begins anew', async (t) => {
  for (const celsius of [19, 17.5, 21]) await climate('bath', `{"temperature":${celsius}}`);
  await climate('attic', '{"temperature":-3}');
  for (const payload of ['', '{', '{"temperature":"warm"}', '{"temperature":-300}', '[]']) {
    const result = await climate('cellar', payload);
    t.same([result.outcome.kind, result.effects.length], ['completed', 0], payload);
  }
  const rooms = { attic: { coldest: -3, warmest: -3 }, bath: { coldest: 17.5, warmest: 21 } };
  t.same(await morning('2026-11-22T07:00:00+01:00'), [
    ['digest/climate', { scheduled: '2026-11-22T07:00:00+01:00', rooms }],
  ]);
  await climate('bath', '{"temperature":20}');
  t.same(await morning('2026-11-23T07:00:00+01:00'), [
    ['digest/climate', { scheduled: '2026-11-23T07:00:00+01:00', rooms: { bath: { coldest: 20, warmest: 20 } } }],
  ]);
});

t.test('a reading within the range writes nothing', async (t) => {
  for (const celsius of [10, 20]) await climate('hall', `{"temperature":${celsius}}`);
  t.same((await climate('hall', '{"temperature":15}')).effects, []);
});

t.test('it wakes each morning, and makes up for one that was missed', (t) => {
  t.match(task.manifest.triggers[1], {
    pattern: { filter: '$timer/digest/morning' },
    timer: { when: { kind: 'cron', line: '0 7 * * *' }, catchUp: 'last' },
  });
  t.end();
});
