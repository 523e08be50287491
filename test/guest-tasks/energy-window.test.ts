import t from 'tap';
import { NOON, openTask, published } from './task-under-test.js';

const task = await openTask('guest-tasks/energy-window');
t.teardown(() => task.close());

const MINUTE = 60_000;

async function report(meter: string, minutes: number, reading: object): Promise<readonly string[]> {
  const result = await task.send({
    topic: `zigbee2mqtt/${meter}/plug`,
    payload: JSON.stringify(reading),
    captures: { meter },
    arrivedAtMs: NOON + minutes * MINUTE,
  });
  t.equal(result.outcome.kind, 'completed');
  return published(result).map(({ topic, text }) => `${topic} ${text}`);
}

t.test('warns once when 15 minutes took more than the budget, and again after it was below', async (t) => {
  // A heater of 3 kW takes 0.05 kWh a minute: 0.5 kWh are passed in the 11th.
  const warned: number[] = [];
  for (let minute = 0; minute <= 20; minute++) {
    const lines = await report('heater', minute, { power: 3000, energy: 100 + minute * 0.05 });
    if (lines.length > 0) warned.push(minute);
    for (const line of lines) {
      t.match(
        line,
        /^alerts\/energy\/heater \{"meter":"heater","energy":0\.5\d*,"budget":0\.5,"minutes":15,"time":\d+\}$/,
      );
    }
  }
  t.same(warned, [11], 'once, though it stays over');
  t.same(await report('heater', 40, { power: 0, energy: 101 }), [], 'quiet again');
  t.same(await report('heater', 45, { power: 3000, energy: 101.6 }).then((lines) => lines.length), 1);
});

t.test('a plug without a counter is judged by its power', async (t) => {
  t.same(await report('kettle', 0, { power: 2400 }), []);
  t.same(await report('kettle', 10, { power: 2400 }), [], '0.4 kWh');
  t.same(await report('kettle', 13, { power: 0 }).then((lines) => lines.length), 1, '0.52 kWh');
});

t.test('a gap longer than the window counts only by its share', async (t) => {
  t.same(await report('fridge', 0, { energy: 1 }), []);
  t.same(await report('fridge', 60, { energy: 2.9 }), [], '1.9 kWh an hour are 0.475 in 15 minutes');
});

t.test('a counter that was reset, a late report and a strange payload are not use', async (t) => {
  t.same(await report('pump', 0, { energy: 500 }), []);
  t.same(await report('pump', 1, { energy: 0 }), []);
  t.same(await report('pump', 0.5, { energy: 400 }), [], 'late');
  t.same(await report('pump', 2, { energy: 'much', power: null }), []);
  t.same(await report('pump', 3, { energy: 0.1, last_seen: '1901-01-01T00:00:00Z' }), [], 'before 1970');
});
