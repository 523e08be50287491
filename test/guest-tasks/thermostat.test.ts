import t from 'tap';
import { openTask, published, type TaskUnderTest } from './task-under-test.js';

const task = await openTask('guest-tasks/thermostat');
t.teardown(() => task.close());

function climate(room: string, payload: string): ReturnType<TaskUnderTest['send']> {
  return task.send({ topic: `zigbee2mqtt/${room}/climate`, payload, captures: { room } });
}

async function commands(room: string, celsius: number): Promise<readonly string[]> {
  const result = await climate(room, JSON.stringify({ temperature: celsius, humidity: 50 }));
  t.equal(result.outcome.kind, 'completed');
  t.ok(
    published(result).every(({ topic }) => topic === `zigbee2mqtt/${room}/radiator/set`),
    'commands go to the room they are for',
  );
  return published(result).map(({ text }) => text);
}

t.test('heats below the band, stops above it, and leaves it alone between', async (t) => {
  t.same(await commands('kitchen', 21), [], 'nothing is known and nothing is needed');
  t.same(await commands('kitchen', 20.4), ['{"state":"ON"}']);
  t.same(await commands('kitchen', 20.9), [], 'still heating');
  t.same(await commands('kitchen', 21.4), [], 'still heating up to the upper threshold');
  t.same(await commands('kitchen', 21.6), ['{"state":"OFF"}']);
  t.same(await commands('kitchen', 20.6), [], 'not yet cold enough');
  t.same(await commands('kitchen', 20.4), ['{"state":"ON"}']);
});

t.test('rooms do not know of one another', async (t) => {
  t.same(await commands('hall', 18), ['{"state":"ON"}']);
  t.same(await commands('attic', 18), ['{"state":"ON"}']);
  t.same(await commands('hall', 18), []);
});

t.test('what is no reading changes nothing and does not fail', async (t) => {
  for (const payload of [
    '',
    '{',
    '{"temperature":"cold"}',
    '{"temperature":1e999}',
    '{"temperature":-300}',
    '[]',
    'null',
  ]) {
    const result = await climate('cellar', payload);
    t.same([result.outcome.kind, result.effects.length], ['completed', 0], payload);
  }
});

t.test('asks for no more than it uses', (t) => {
  t.same(task.report.exports, ['wasmcloud:messaging/handler@0.2.0']);
  t.same(Object.keys(task.report.imports), [
    'sterna:task/context@0.1.0',
    'wasi:config/store@0.2.0-rc.1',
    'wasi:keyvalue/store@0.2.0-draft',
    'wasi:logging/logging@0.1.0-draft',
    'wasmcloud:messaging/consumer@0.2.0',
  ]);
  t.end();
});
