import t from 'tap';
import { cronFault, cronMoments, zoneFault } from '../../../hub/manifest/cron-line.js';

/** The moments of a line after some time, as they are in UTC. */
function moments(line: string, zone: string, after: string, count: number): string[] {
  const cron = cronMoments(line, zone);
  const found: string[] = [];
  let atMs: number | undefined = Date.parse(`${after}:00Z`);
  for (let i = 0; i < count && atMs !== undefined; i++) {
    atMs = cron.next(atMs);
    if (atMs !== undefined) found.push(new Date(atMs).toISOString().slice(0, 16));
  }
  const latest = cron.latest(atMs ?? 0, count).map((ms) => new Date(ms).toISOString().slice(0, 16));
  t.same(latest, found, 'backwards it finds the same');
  return found;
}

t.test('a time of day that the clocks leave out comes when they go on, once that day', (t) => {
  t.same(moments('30 2 * * *', 'Europe/Berlin', '2026-03-27T12:00', 4), [
    '2026-03-28T01:30',
    '2026-03-29T01:00',
    '2026-03-30T00:30',
    '2026-03-31T00:30',
  ]);
  t.same(moments('30 2 * * *', 'America/New_York', '2026-03-06T12:00', 3), [
    '2026-03-07T07:30',
    '2026-03-08T07:00',
    '2026-03-09T06:30',
  ]);
  t.same(
    moments('15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T00:00', 3),
    ['2026-10-02T15:45', '2026-10-03T15:30', '2026-10-04T15:15'],
    'where the clocks change by half an hour',
  );
  t.same(
    moments('0,30 2-3 * * *', 'Europe/Berlin', '2026-03-28T12:00', 3),
    ['2026-03-29T01:00', '2026-03-29T01:30', '2026-03-30T00:00'],
    'several that are left out come as one',
  );
  t.end();
});

t.test('a time of day that the clocks repeat comes the first time only', (t) => {
  t.same(moments('30 2 * * *', 'Europe/Berlin', '2026-10-23T12:00', 3), [
    '2026-10-24T00:30',
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
  t.same(moments('30 1 * * *', 'America/New_York', '2026-10-31T00:00', 3), [
    '2026-10-31T05:30',
    '2026-11-01T05:30',
    '2026-11-02T06:30',
  ]);
  t.same(moments('45 1 * * *', 'Australia/Lord_Howe', '2026-04-03T00:00', 3), [
    '2026-04-03T14:45',
    '2026-04-04T14:45',
    '2026-04-05T15:15',
  ]);
  t.same(
    moments('0 2,9 * * *', 'Europe/Berlin', '2026-10-24T12:00', 3),
    ['2026-10-25T00:00', '2026-10-25T08:00', '2026-10-26T01:00'],
    'a list of times likewise',
  );
  t.end();
});

t.test('a rhythm goes on in real time, whatever the clocks do', (t) => {
  t.same(moments('30 * * * *', 'Europe/Berlin', '2026-10-24T23:00', 4), [
    '2026-10-24T23:30',
    '2026-10-25T00:30',
    '2026-10-25T01:30',
    '2026-10-25T02:30',
  ]);
  t.same(moments('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:00', 4), [
    '2026-03-29T00:30',
    '2026-03-29T01:00',
    '2026-03-29T01:30',
    '2026-03-29T02:00',
  ]);
  t.end();
});

t.test('zones that are half an hour off have their own midnight', (t) => {
  t.same(moments('0 0 * * *', 'Asia/Kolkata', '2026-10-24T12:00', 2), ['2026-10-24T18:30', '2026-10-25T18:30']);
  t.same(moments('0 7 * * mon-fri', 'Asia/Kathmandu', '2026-11-20T00:00', 3), [
    '2026-11-20T01:15',
    '2026-11-23T01:15',
    '2026-11-24T01:15',
  ]);
  t.end();
});

t.test('the newest moments are those up to a moment, itself included', (t) => {
  const each = cronMoments('* * * * * *', 'UTC');
  t.same(each.latest(10_000, 3), [8_000, 9_000, 10_000]);
  t.same(each.latest(10_999, 1), [10_000]);
  t.same(each.latest(9_999, 1), [9_000]);
  t.end();
});

t.test('what is no cron line, or never comes, is told', (t) => {
  for (const line of ['* * * * *', '0 7 * * mon-fri', '0 0 29 2 *', '30 0 7 * * *', '0 0 L * *', '0 0 * * 1#2']) {
    t.equal(cronFault(line), undefined, line);
  }
  t.match(cronFault('@daily'), /must be a cron line of 5 fields/);
  t.match(cronFault('2026-01-01T00:00:00'), /5 fields/);
  t.match(cronFault('0 0 1 1 * * 2030'), /5 fields/);
  t.match(cronFault('61 * * * *'), /Invalid value for minute: 61/);
  t.match(cronFault('0 0 30 2 *'), /must come at some time/);
  t.end();
});

t.test('a zone is a name of the IANA database', (t) => {
  t.equal(zoneFault('Europe/Berlin'), undefined);
  t.equal(zoneFault('UTC'), undefined);
  for (const zone of ['Mars/Base', '+02:00', '', 'CET+1']) t.match(zoneFault(zone), /IANA/, zone);
  t.end();
});
