import t from 'tap';
import { localTime, scheduledPayload } from '../../../hub/schedules/scheduled-payload.js';

const NOON = Date.UTC(2026, 10, 22, 12);
const SUMMER = Date.UTC(2026, 6, 1, 12);

t.test('a moment is told on the clock of its zone, with the offset of that day', (t) => {
  t.equal(localTime(NOON, 'UTC'), '2026-11-22T12:00:00Z');
  t.equal(localTime(NOON, 'Europe/Berlin'), '2026-11-22T13:00:00+01:00');
  t.equal(localTime(SUMMER, 'Europe/Berlin'), '2026-07-01T14:00:00+02:00');
  t.equal(localTime(NOON, 'America/St_Johns'), '2026-11-22T08:30:00-03:30');
  t.equal(localTime(NOON, 'Asia/Kathmandu'), '2026-11-22T17:45:00+05:45');
  t.equal(localTime(NOON + 5, 'UTC'), '2026-11-22T12:00:00.005Z');
  for (const zone of ['America/St_Johns', 'Asia/Kathmandu', 'UTC'])
    t.equal(Date.parse(localTime(NOON, zone)), NOON, 'and is that moment');
  t.end();
});

t.test('the payload is JSON that says when the firing was scheduled', (t) => {
  const text = (payload: Uint8Array): string => Buffer.from(payload).toString();
  const cron = { kind: 'cron', line: '0 12 * * *', zone: undefined } as const;
  t.equal(text(scheduledPayload(NOON, cron, 'Asia/Kolkata')), '{"scheduled":"2026-11-22T17:30:00+05:30"}');
  const every = { kind: 'every', everyMs: 60_000 } as const;
  t.equal(text(scheduledPayload(NOON, every, 'Asia/Kolkata')), '{"scheduled":"2026-11-22T12:00:00Z"}');
  t.end();
});
