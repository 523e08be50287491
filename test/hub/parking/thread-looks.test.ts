/** Who has held a thread for long enough to leave it, and where there is room for one that takes long. */
import t from 'tap';
import { PARKING_BOUNDS } from '../../../hub/parking/limits.js';
import { parkedRuns, type ParkedRuns } from './parked-runs.js';

const URGENT = { priority: 9, concurrency: undefined, order: 'start' } as const;

/** Lets a look go by, and what it has asked for happen. */
async function look(one: ParkedRuns, ms: number = PARKING_BOUNDS.threadLookMs): Promise<void> {
  one.timer.pass(ms);
  await one.turn();
}

t.test(
  'a run is asked to leave for a more urgent one when it has held its thread, and from then on at once',
  async (t) => {
    const one = parkedRuns();
    const urgent = one.scheduler.createLane(URGENT);
    await one.submit('a');
    await one.submit('quick', {}, urgent);
    await look(one);
    t.notOk(one.given[0]?.asked, 'others come and go in less');
    for (let ms = 0; ms <= PARKING_BOUNDS.heldMs; ms += PARKING_BOUNDS.threadLookMs) await look(one);
    t.ok(one.given[0]?.asked);
    await one.leave('a', 1_000);
    t.match(one.given, [{ runId: 'quick' }]);
    t.match(one.seen, [{ kind: 'run-parked', runId: 'a', reason: 'priority' }]);
    await one.end('quick', 10);
    t.match(one.given, [{ runId: 'a', from: 1_000, asked: false }], 'it goes on after it');
    await one.submit('next', {}, urgent);
    await look(one);
    t.ok(one.given[0]?.asked, 'it is known to take long');
  },
);

t.test('a run that does not leave when it is asked is not asked again', async (t) => {
  const one = parkedRuns();
  await one.submit('a');
  await one.submit('quick', {}, one.scheduler.createLane(URGENT));
  await look(one, 10 * PARKING_BOUNDS.threadLookMs);
  const job = one.looks.find('a');
  if (job === undefined) throw new Error('it is out');
  t.strictSame([one.parking.isLeaving(job), one.parking.parks(job)], [true, true]);
  await look(one, PARKING_BOUNDS.leaveMs);
  t.strictSame([one.parking.isLeaving(job), one.parking.parks(job)], [false, false]);
});

t.test(
  'there is room for as many runs that take long as there are threads, those included whose checkpoint is read',
  async (t) => {
    const one = parkedRuns({ threads: 2 });
    t.ok(one.looks.haveRoom());
    one.holds.reads = true;
    await one.adopt('a', { fuel: 1 });
    t.equal(one.parking.loading, 1);
    t.ok(one.looks.haveRoom());
    await one.adopt('b', { fuel: 1 });
    t.equal(one.given.length, 0, 'no thread has anything to do');
    t.notOk(one.looks.haveRoom());
    one.reading.shift()?.();
    one.reading.shift()?.();
    await one.turn();
    t.notOk(one.looks.haveRoom());
    one.holds.threads = -1;
    t.notOk(one.looks.haveRoom(), 'nor when one of them has got a thread of its own');
    one.holds.threads = 0;
    await one.end('a', 1);
    t.ok(one.looks.haveRoom());
  },
);

t.test('there is no room on a thread that is idle until a checkpoint is read', async (t) => {
  const one = parkedRuns({ threads: 2 });
  one.holds.threads = 1;
  t.ok(one.looks.haveRoom());
  one.holds.reads = true;
  await one.adopt('a', { fuel: 1 });
  t.notOk(one.looks.haveRoom());
});

t.test('all threads are held when each has a run that has had it for long', async (t) => {
  const one = parkedRuns({ threads: 2 });
  await one.submit('a');
  await look(one, 10 * PARKING_BOUNDS.threadLookMs);
  t.notOk(one.looks.areHeld());
  await one.submit('b');
  await look(one);
  t.notOk(one.looks.areHeld());
  await look(one, 10 * PARKING_BOUNDS.threadLookMs);
  t.ok(one.looks.areHeld());
});
