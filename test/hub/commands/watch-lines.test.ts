/** What a person is told of a run that moves. */
import t from 'tap';
import type { CurrentRun, MigrationView, Note, Whereabouts } from '../../../hub/api/index.js';
import { WatchLines } from '../../../hub/commands/watch-lines.js';

const HERE: MigrationView = {
  runId: 'e/long',
  task: 'long',
  provider: 'lab',
  executes: 'hub',
  isExecuting: true,
  epoch: 0,
  point: 12,
  mode: 'asynchronous',
  lag: 3,
  responsible: 'hub',
  why: 'the hub is responsible, as it executes',
  isLinked: true,
  isOver: false,
  fuel: 2_000_000,
  notes: [],
};
const THERE: MigrationView = { ...HERE, executes: 'provider', epoch: 1, lag: 0, responsible: 'provider', why: '' };

const CURRENT: CurrentRun = {
  runId: 'e/long',
  task: 'long',
  version: '1.0.0',
  topic: 'in',
  attempt: 1,
  where: 'thread',
  resumable: true,
  fuel: 0,
};

function seen(migration: MigrationView | null, isOver = false): Whereabouts {
  return { run: 'e/long', isOver, current: isOver ? null : CURRENT, migration };
}

/** What is said of one that nothing was said of before. */
function saidOf(migration: MigrationView): readonly string[] {
  return new WatchLines().next(seen(migration), 0);
}

t.test(
  'where it executes, its epoch, point, lag and mode, and who is responsible, are one row, and why the next',
  async (t) => {
    t.same(saidOf(HERE), [
      'e/long, between this hub and lab',
      '',
      'time                   executes            epoch   point   lag   mode             fuel   without the link',
      '1970-01-01T00:00:00Z   here                    0      12     3   asynchronous   2.00 M   this hub goes on',
      '                       as the hub is responsible, as it executes',
    ]);
    const waits = { ...HERE, isLinked: false, isExecuting: false };
    t.match(saidOf(waits)[3], /here, waits +0 +12 /, 'without a link, until the provider must have stopped');
    t.match(saidOf({ ...HERE, responsible: undefined })[3], /nobody yet: it is being agreed$/);
  },
);

t.test('of one that is away, a provider that is not heard is named', async (t) => {
  t.match(saidOf(THERE)[3], /Z +at lab +1 +12 +- +asynchronous +2\.00 M +lab goes on$/);
  t.match(saidOf({ ...THERE, isLinked: false })[3], /at lab, not heard +1 +12 /);
});

t.test('a change is said at once, work alone now and then, and a reason when it is another one', async (t) => {
  const lines = new WatchLines();
  const why = 'it has 9.5 s left';
  lines.next(seen({ ...THERE, why }), 0);
  t.same(lines.next(seen({ ...THERE, why, fuel: 3_000_000 }), 100), []);
  t.same(lines.next(seen({ ...THERE, why, point: 13 }), 200), []);
  t.match(lines.next(seen({ ...THERE, why: 'it has 7.1 s left', point: 14 }), 2_000), [/ at lab +1 +14 /]);
  t.match(lines.next(seen({ ...THERE, why: 'it has 7.1 s left', point: 14, isLinked: false }), 2_001), [/not heard/]);
  const back = { ...THERE, why: 'the hub is on battery', point: 14 };
  t.match(lines.next(seen(back), 2_002), [/ at lab +1 +14 /, /^ {23}as the hub is on battery$/]);
});

t.test('what happens on its way is said once, with the place it was asked to go to', async (t) => {
  const lines = new WatchLines();
  const asked: Note = { atMs: 1_000, what: 'asked', to: 'provider', epoch: 0, point: 0, why: 'by hand' };
  const home: Note = { ...asked, atMs: 2_000, to: 'hub' };
  const [, first] = lines.next(seen({ ...HERE, notes: [asked] }), 0);
  t.equal(first, '1970-01-01T00:00:01Z   it was asked to move to lab: by hand');
  t.same(lines.next(seen({ ...HERE, notes: [asked, home] }), 0), [
    '1970-01-01T00:00:02Z   it was asked to come home: by hand',
  ]);
  t.same(lines.next(seen({ ...HERE, notes: [asked, home] }), 0), []);
});

t.test('at the end there is a table of its moves, with how long it stayed', async (t) => {
  const there: Note = { atMs: 0, what: 'there', epoch: 1, point: 4, why: 'by hand' };
  const home: Note = { atMs: 2_000, what: 'here', epoch: 2, point: 9, why: 'the provider has handed it over' };
  const over: Note = { atMs: 3_500, what: 'over', epoch: 2, point: 12, why: '' };
  const lines = new WatchLines();
  lines.next(seen({ ...HERE, notes: [there, home] }), 0);
  t.same(lines.next(seen({ ...HERE, notes: [there, home, over], isOver: true }, true), 0), [
    '1970-01-01T00:00:03Z   it has ended',
    '',
    'moved                  to     epoch   point      for   why',
    '--------------------   ----   -----   -----   ------   -------------------------------',
    '1970-01-01T00:00:00Z   lab        1       4   2.00 s   by hand',
    '1970-01-01T00:00:02Z   here       2       9   1.50 s   the provider has handed it over',
    '',
  ]);
});

t.test('one that does not move says where it is, also when that is a provider', async (t) => {
  const lines = new WatchLines();
  t.same(lines.next(seen(null), 0), ['1970-01-01T00:00:00Z   e/long executes; it has not moved']);
  t.same(lines.next(seen(null), 0), []);
  const whole = { ...CURRENT, where: 'provider', provider: 'lab' } as const;
  t.match(lines.next({ ...seen(null), current: whole }, 0), [/e\/long executes at lab as a whole; it has not moved$/]);
  t.same(lines.next(seen(null, true), 0), []);
});

t.test('one that the hub keeps for itself is told of like any other', async (t) => {
  const lines = new WatchLines();
  const kept: Note = { atMs: 0, what: 'kept-here', epoch: 2, point: 9, why: 'it was parked by hand' };
  lines.next(seen(HERE), 0);
  const parked = {
    ...seen({ ...HERE, notes: [kept] }),
    current: { ...CURRENT, where: 'disk', reason: 'by-hand' } as const,
  };
  t.same(lines.next(parked, 0), [
    '1970-01-01T00:00:00Z   the hub keeps it for itself: it was parked by hand',
    '1970-01-01T00:00:00Z   e/long parked on disk (by-hand)',
  ]);
  t.same(lines.next(parked, 10_000), []);
});

t.test('the text of a provider reaches the terminal as text', async (t) => {
  t.notOk(
    saidOf({ ...THERE, why: 'a\u001b[2Jb' })
      .join('')
      .includes('\u001b'),
  );
});
