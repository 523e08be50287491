import t from 'tap';
import { SCHEDULE_BOUNDS } from '../../../hub/schedules/limits.js';
import { reachedAt } from '../../../hub/schedules/clock-step.js';

const HOUR = 3_600_000;
const DEALT = 1_000 * HOUR;
const CRON = { kind: 'cron', line: '0 * * * *', zone: 'UTC' } as const;
const EVERY = { kind: 'every', everyMs: 60_000 } as const;
const REACHED = { task: 't', timer: '1', rule: 'r', dealtMs: DEALT, firedMs: DEALT, turn: 0, furthestMs: undefined };

const at = (nowMs: number) => ({ nowMs, beforeMs: nowMs - SCHEDULE_BOUNDS.clockLookMs });

t.test('a cron line waits until its moments are new ones, unless the clock was wrong by hours', (t) => {
  for (const nowMs of [DEALT + HOUR, DEALT - HOUR, DEALT - SCHEDULE_BOUNDS.clockSetBackMs]) {
    t.equal(reachedAt(CRON, REACHED, at(nowMs)), REACHED);
  }
  const nowMs = DEALT - SCHEDULE_BOUNDS.clockSetBackMs - 1;
  t.same(reachedAt(CRON, REACHED, at(nowMs)), { ...REACHED, dealtMs: nowMs, turn: 1, furthestMs: DEALT });
  t.end();
});

t.test('an interval waits no longer than once more', (t) => {
  t.equal(reachedAt(EVERY, REACHED, at(DEALT - 60_000)), REACHED);
  t.same(reachedAt(EVERY, REACHED, at(DEALT - 60_001)), {
    ...REACHED,
    dealtMs: DEALT - 60_001,
    turn: 1,
    furthestMs: DEALT,
  });
  t.end();
});

t.test('a clock that leaps on to where it has been brings nothing back', (t) => {
  const early = { ...REACHED, dealtMs: 5, turn: 1, furthestMs: DEALT };
  const back = { ...REACHED, dealtMs: DEALT, turn: 1, furthestMs: undefined };
  t.equal(reachedAt(CRON, early, at(DEALT)), early, 'not there yet');
  t.same(reachedAt(CRON, early, { nowMs: DEALT + 1, beforeMs: 6 }), back);
  t.same(reachedAt(CRON, early, { nowMs: DEALT + 1, beforeMs: undefined }), back, 'also while the hub was away');
  t.end();
});

t.test('a clock that comes in its own time to where it has been leaves out nothing', (t) => {
  const early = { ...REACHED, dealtMs: DEALT - 60_000, turn: 1, furthestMs: DEALT };
  t.same(reachedAt(EVERY, early, at(DEALT + 1)), { ...early, furthestMs: undefined });
  t.end();
});

t.test('set back twice, it knows where it was furthest', (t) => {
  const early = { ...REACHED, dealtMs: DEALT - 10 * HOUR, turn: 1, furthestMs: DEALT };
  t.same(reachedAt(CRON, early, at(HOUR)), { ...early, dealtMs: HOUR, turn: 2, furthestMs: DEALT });
  t.end();
});
