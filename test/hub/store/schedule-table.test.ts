import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openStore, type Store, type StoredSchedule } from '../../../hub/store/index.js';

const schedule = (timer: string, dealtMs: number): StoredSchedule => ({
  task: 'digest',
  timer,
  rule: 'every 1000 ms',
  dealtMs,
  firedMs: undefined,
  turn: 0,
  furthestMs: undefined,
});

const advance = (one: StoredSchedule) => ({ task: one.task, timer: one.timer, schedule: one });

function open(t: Test, file: string): Store {
  const store = openStore(file);
  t.teardown(() => store.close());
  return store;
}

t.test('how far timers have come is there after a restart', async (t) => {
  const file = join(t.testdir({}), 'state.db');
  const store = open(t, file);
  const fired = {
    ...schedule('a', 1_795_000_000_000),
    firedMs: 1_795_000_000_000,
    turn: 2,
    furthestMs: 1_796_000_000_000,
  };
  store.commit([], { schedules: [advance(schedule('a', 1)), advance(schedule('b', 2)), advance(schedule('c', 3))] });
  store.commit([], { schedules: [advance(fired), { task: 'digest', timer: 'c', schedule: undefined }] });
  await store.close();
  t.strictSame(open(t, file).schedules(), [fired, schedule('b', 2)]);
});

t.test('a timer has come no further than its firing when the transaction fails', (t) => {
  const store = open(t, join(t.testdir({}), 'state.db'));
  store.commit([], { schedules: [advance(schedule('a', 1))] });
  const broken = { reads: [], writes: [], ends: { group: 999, run: 0 } };
  t.throws(() => store.commit([broken], { schedules: [advance(schedule('a', 2))] }), { code: 'write-failed' });
  t.strictSame(store.schedules(), [schedule('a', 1)]);
  t.end();
});
