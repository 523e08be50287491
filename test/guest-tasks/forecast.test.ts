import t from 'tap';
import { openTask, published } from './task-under-test.js';

const task = await openTask('guest-tasks/forecast');
t.teardown(() => task.close());

const WEEK = 168;

/** A household: more in the evening, more at weekends, a little noise. */
function useAt(hour: number): number {
  const evening = Math.exp(-(((hour % 24) - 19) ** 2) / 8);
  const weekend = Math.floor(hour / 24) % 7 >= 5 ? 0.3 : 0;
  return 0.4 + evening + weekend + 0.02 * Math.sin(hour * 12.9898);
}

function year(hours: number): number[] {
  return Array.from({ length: hours }, (_, hour) => Math.round(useAt(hour) * 1e4) / 1e4);
}

async function fit(request: object, starts = '2') {
  return task.send({ payload: JSON.stringify(request), captures: { meter: 'house' }, config: { starts } });
}

t.test('what it expects of the next two days is what the seasons make of them', async (t) => {
  const hours = 8 * WEEK;
  const result = await fit({ hourly: year(hours), horizon: 48 });
  t.equal(result.outcome.kind, 'completed');
  const [message] = published(result);
  t.equal(message?.topic, 'forecast/house/next');
  const answer = JSON.parse(message?.text ?? '') as { error: number; parameters: number[]; hourly: number[] };
  t.ok(answer.error < 0.03, `the error of an hour is ${answer.error} kWh`);
  t.equal(answer.parameters.length, 4);
  t.equal(answer.hourly.length, 48);
  const furthest = Math.max(...answer.hourly.map((value, hour) => Math.abs(value - useAt(hours + hour))));
  t.ok(furthest < 0.1, `the furthest hour is off by ${furthest} kWh`);
});

t.test('more starting points are more work and no worse', async (t) => {
  const request = { hourly: year(3 * WEEK) };
  const few = await fit(request, '1');
  const many = await fit(request, '8');
  t.ok(many.usage.fuel > 4 * few.usage.fuel);
  const errorOf = (result: typeof few): number =>
    (JSON.parse(published(result)[0]?.text ?? '') as { error: number }).error;
  t.ok(errorOf(many) <= errorOf(few));
});

t.test('a request that cannot be fitted fails with the reason', async (t) => {
  for (const [request, reason] of [
    [{}, /"hourly" must have 336 to 8784 numbers: it has 0/],
    [{ hourly: year(335) }, /it has 335/],
    [{ hourly: [...year(400), 'x'] }, /item 400 is none/],
    [{ hourly: year(400), horizon: 0 }, /"horizon" must be 1 to 168 hours: it is 0/],
  ] as const) {
    const { outcome } = await fit(request);
    t.match(outcome, { kind: 'failed', message: reason });
  }
});
