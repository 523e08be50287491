import t from 'tap';
import { SCHEDULE_BOUNDS } from '../../../hub/schedules/limits.js';
import { dueOf } from '../../../hub/schedules/catch-up.js';
import { momentsOf } from '../../../hub/schedules/moments.js';

const MINUTE = 60_000;
const eachMinute = momentsOf({ kind: 'every', everyMs: MINUTE }, 'UTC');
const eachSecond = momentsOf({ kind: 'cron', line: '* * * * * *', zone: undefined }, 'UTC');
const MOST = SCHEDULE_BOUNDS.caughtUpFirings;

t.test('nothing is due before its moment, and each moment is due once', (t) => {
  t.same(dueOf(eachMinute, 'all', { dealtMs: 0, nowMs: MINUTE - 1 }), { fire: [], missed: undefined });
  for (const catchUp of ['none', 'last', 'all'] as const) {
    t.same(dueOf(eachMinute, catchUp, { dealtMs: 0, nowMs: MINUTE }), { fire: [MINUTE], missed: undefined });
    t.same(dueOf(eachMinute, catchUp, { dealtMs: MINUTE, nowMs: MINUTE + 1 }), { fire: [], missed: undefined });
  }
  t.end();
});

t.test('of those that were missed none, the last or all happen', (t) => {
  const hourly = momentsOf({ kind: 'every', everyMs: 60 * MINUTE }, 'UTC');
  const [one, two, three] = [60 * MINUTE, 120 * MINUTE, 180 * MINUTE];
  const late = { dealtMs: 0, nowMs: three + SCHEDULE_BOUNDS.lateFiringMs + 1 };
  t.same(dueOf(hourly, 'none', late), { fire: [], missed: { count: 3, orMore: false, lastMs: three } });
  t.same(dueOf(hourly, 'last', late), { fire: [three], missed: { count: 2, orMore: false, lastMs: two } });
  t.same(dueOf(hourly, 'all', late), { fire: [one, two, three], missed: undefined });
  const hardly = { dealtMs: 0, nowMs: three + SCHEDULE_BOUNDS.lateFiringMs };
  t.same(
    dueOf(hourly, 'none', hardly),
    { fire: [three], missed: { count: 2, orMore: false, lastMs: two } },
    'one that is hardly late was not missed',
  );
  t.end();
});

t.test('all of them is no more than a bound, of the newest', (t) => {
  for (const [moments, stepMs] of [
    [eachMinute, MINUTE],
    [eachSecond, 1_000],
  ] as const) {
    const nowMs = 400 * 24 * 60 * MINUTE;
    const { fire, missed } = dueOf(moments, 'all', { dealtMs: 0, nowMs });
    t.equal(fire.length, MOST);
    t.equal(fire[0], nowMs - (MOST - 1) * stepMs);
    t.equal(fire.at(-1), nowMs);
    t.match(missed, { orMore: true });
    const lastMs = missed?.lastMs ?? 0;
    t.ok(lastMs < (fire[0] ?? 0) && lastMs >= (fire[0] ?? 0) - stepMs, 'none between the two is due again');
    const exactly = dueOf(moments, 'all', { dealtMs: nowMs - MOST * stepMs, nowMs });
    t.same([exactly.fire.length, exactly.missed], [MOST, undefined]);
  }
  t.end();
});

t.test('a line that comes no more is never due', (t) => {
  const never = { next: () => undefined, latest: () => [] };
  t.same(dueOf(never, 'all', { dealtMs: 0, nowMs: 1e12 }), { fire: [], missed: undefined });
  t.end();
});
