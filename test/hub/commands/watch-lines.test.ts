/** What a person is told of a run that moves. */
import t from 'tap';
import type { MigrationView, Whereabouts } from '../../../hub/api/index.js';
import { linesOn } from '../../../hub/commands/watch-lines.js';

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
const NOTE = { atMs: 0, what: 'there', epoch: 1, point: 4, why: 'by hand' } as const;

function seen(migration: MigrationView | null, isOver = false): Whereabouts {
  return { run: 'e/long', isOver, migration };
}

t.test('a run that executes here says how far it is ahead of what the provider holds', async (t) => {
  t.same(linesOn(undefined, seen(HERE)), [
    'executes here (point 12, 3 ahead of what lab holds); if the link is lost, this hub goes on (the hub is responsible, as it executes); epoch 0, asynchronous; fuel 2.00 M',
  ]);
  t.match(linesOn(undefined, seen({ ...HERE, lag: 0 })), [/^executes here \(point 12, which lab holds too\);/]);
  t.match(linesOn(undefined, seen({ ...HERE, isLinked: false })), [
    /^executes here, without a link with lab \(point 12\); until the link is back, this hub goes on/,
  ]);
});

t.test('one that is away says where, what is held here, and who goes on without the link', async (t) => {
  t.match(linesOn(undefined, seen(THERE)), [
    /^executes at lab \(this hub holds point 12\); if the link is lost, lab goes on; epoch 1/,
  ]);
  t.match(linesOn(undefined, seen({ ...THERE, isLinked: false })), [
    /^executes at lab, which is not heard \(this hub holds point 12\); until the link is back, lab goes on;/,
  ]);
});

t.test('there is a line for each change, and none where only fuel was used', async (t) => {
  t.same(linesOn(seen(THERE), seen({ ...THERE, fuel: 3_000_000 })), []);
  t.equal(linesOn(seen(THERE), seen({ ...THERE, point: 13 })).length, 1);
  t.same(linesOn(seen(THERE), seen({ ...THERE, notes: [NOTE] })), [
    '1970-01-01T00:00:00.000Z it executes at lab: by hand',
  ]);
  t.same(linesOn(undefined, seen(null)), ['e/long executes here, and has not moved']);
  t.same(linesOn(seen(null), seen(null)), []);
});

t.test('at the end, its moves are told in order', async (t) => {
  const home = { atMs: 2_000, what: 'here', epoch: 2, point: 9, why: 'the provider has handed it over' } as const;
  const linked = { ...NOTE, what: 'linked' } as const;
  const over = { ...NOTE, what: 'over', why: 'it has ended' } as const;
  const notes = [linked, NOTE, home, over];
  t.same(linesOn(seen({ ...HERE, notes }), seen({ ...HERE, notes, isOver: true }, true)), [
    'its moves:',
    '  1970-01-01T00:00:00.000Z it executes at lab: by hand (point 4)',
    '  1970-01-01T00:00:02.000Z it executes here: the provider has handed it over (point 9)',
    'e/long is over: sterna run e/long',
  ]);
});

t.test('the text of a provider reaches the terminal as text', async (t) => {
  const [line = ''] = linesOn(undefined, seen({ ...THERE, why: 'a\u001b[2Jb' }));
  t.notOk(line.includes('\u001b'));
});
