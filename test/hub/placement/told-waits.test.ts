import t from 'tap';
import { PLACEMENT_BOUNDS } from '../../../hub/placement/limits.js';
import { ToldWaits } from '../../../hub/placement/told-waits.js';
import { virtualTimer } from '../virtual-timer.js';

t.test('a task whose runs wait is told of once, until a provider takes it', (t) => {
  const timer = virtualTimer();
  const told: unknown[] = [];
  let reason: string | undefined = 'none is there';
  const log = { warn: (fields: unknown) => void told.push(fields) } as never;
  const waits = new ToldWaits({ timer, log, reasonOf: () => reason });

  waits.waits('a');
  timer.pass(PLACEMENT_BOUNDS.tellWaitMs - 1);
  t.strictSame(told, [], 'a session may open yet');
  timer.pass(1);
  waits.waits('a');
  timer.pass(10 * PLACEMENT_BOUNDS.tellWaitMs);
  t.strictSame(told, [{ task: 'a', reason }]);

  waits.taken('a');
  waits.waits('a');
  waits.waits('b');
  waits.taken('b');
  timer.pass(PLACEMENT_BOUNDS.tellWaitMs);
  t.strictSame(told, [
    { task: 'a', reason },
    { task: 'a', reason },
  ]);

  reason = undefined;
  waits.waits('c');
  timer.pass(PLACEMENT_BOUNDS.tellWaitMs);
  t.equal(told.length, 2, 'what waited has gone');
  waits.waits('c');
  waits.close();
  t.equal(timer.pending, 0);
  t.end();
});
