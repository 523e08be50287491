import t from 'tap';
import { openTask, published } from './task-under-test.js';

const task = await openTask('guest-tasks/optimise');
t.teardown(() => task.close());

interface Answer {
  readonly cost: number;
  readonly without: number;
  readonly charge: readonly number[];
}

/** Cheap at night, dear in the evening. */
const PRICES = Array.from({ length: 24 }, (_, hour) => (hour < 6 ? 0.1 : hour >= 17 && hour < 21 ? 0.5 : 0.25));
const LOAD = Array.from({ length: 24 }, (_, hour) => (hour >= 17 && hour < 21 ? 2 : 0.5));
const SOLAR = Array.from({ length: 24 }, (_, hour) => (hour >= 10 && hour < 15 ? 1.5 : 0));

async function send(request: object, config: Readonly<Record<string, string>> = {}) {
  return task.send({ payload: JSON.stringify(request), captures: { battery: 'cellar' }, config });
}

async function plan(request: object, config: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const result = await send(request, config);
  t.equal(result.outcome.kind, 'completed');
  return JSON.parse(published(result)[0]?.text ?? '') as Answer;
}

/** The same question, answered from the first step on and level by level. */
function cheapest(levels: number): number {
  const [capacity, power, efficiency] = [10, 5, 0.94];
  const kwh = capacity / (levels - 1);
  let costs = Array.from({ length: levels }, (_, level) => (level === 0 ? 0 : Infinity));
  for (let hour = 0; hour < 24; hour++) {
    const next = Array.from({ length: levels }, () => Infinity);
    for (const [level, cost] of costs.entries()) {
      for (let to = 0; to < levels; to++) {
        const stored = (to - level) * kwh;
        if (Math.abs(stored) > power + 1e-9) continue;
        const flow = stored > 0 ? stored / efficiency : stored * efficiency;
        const drawn = (LOAD[hour] ?? 0) - (SOLAR[hour] ?? 0) + flow;
        const price = PRICES[hour] ?? 0;
        next[to] = Math.min(next[to] ?? Infinity, cost + (drawn >= 0 ? drawn * price : drawn * price * 0.3));
      }
    }
    costs = next;
  }
  return Math.min(...costs);
}

t.test('no plan at that resolution is cheaper', async (t) => {
  const answer = await plan({ prices: PRICES, load: LOAD, solar: SOLAR, charge: 0 }, { levels: '101' });
  t.ok(Math.abs(answer.cost - cheapest(101)) < 1e-3, `${answer.cost} against ${cheapest(101)}`);
  t.ok(answer.cost < answer.without);
  t.equal(answer.charge.length, 24);
  t.ok(Math.max(...answer.charge.slice(0, 17)) > 0, 'it is charged before the evening');
  t.ok((answer.charge[20] ?? 0) < (answer.charge[16] ?? 0), 'and discharged in it');
});

t.test('the battery stays within its capacity and its power', async (t) => {
  const { charge } = await plan({ prices: PRICES, load: LOAD }, { levels: '201' });
  let before = 0;
  for (const after of charge) {
    t.ok(after >= 0 && after <= 10);
    t.ok(Math.abs(after - before) <= 5 + 1e-9);
    before = after;
  }
});

t.test('a request that cannot be planned fails with the reason', async (t) => {
  for (const [request, reason] of [
    [{}, /"prices" must be 2 to 192 numbers/],
    [{ prices: [1] }, /"prices" must be/],
    [{ prices: [1, 'x'] }, /"prices" must be/],
    [{ prices: PRICES, load: [1] }, /"load" and "solar" must be 24 numbers each/],
  ] as const) {
    const { outcome } = await send(request);
    t.match(outcome, { kind: 'failed', message: reason });
  }
});
