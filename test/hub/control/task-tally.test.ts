import t from 'tap';
import { TaskTally } from '../../../hub/control/task-tally.js';
import { finished } from '../api/finished.js';

t.test('what came to no run of a task is counted with the reason', (t) => {
  const tally = new TaskTally();
  const event = { topic: 'a', payloadBytes: 1 };
  tally.note({ kind: 'event-refused', ...event, reason: 'task-queue-full', task: 'light' });
  tally.note({ kind: 'event-dropped', eventId: 'e', topic: 'a', task: 'light', reason: 'debounced' });
  tally.note({ kind: 'event-dropped', eventId: 'f', topic: 'a', task: 'light', reason: 'debounced' });
  tally.note({ kind: 'event-refused', ...event, reason: 'no-task' });
  const run = finished();
  tally.note(run);
  t.same(tally.of('light').dropped, { 'task-queue-full': 1, debounced: 2 });
  t.same(tally.of(run.task).outcomes, { [run.outcome.kind]: 1 });
  t.same(tally.of('none'), { outcomes: {}, fuel: 0, dropped: {} });
  t.end();
});
