/** Runs that execute and stand still, and what is asked of them in between. */
import t from 'tap';
import { PARKING_BOUNDS } from '../../../hub/parking/limits.js';
import { RUN_OVERHEAD_FUEL } from '../../../hub/scheduler/limits.js';
import { parkedRuns, resumableTask } from './parked-runs.js';

t.setTimeout(55_000);

const MiB = 1024 * 1024;

t.test('a lane is charged once for what a run used, however often it stood still', async (t) => {
  const one = parkedRuns();
  await one.submit('a');
  one.parking.park('a', 'by-hand');
  await one.leave('a', 1_000_000);
  t.equal(one.lane.usedFuel, 1_000_000 + RUN_OVERHEAD_FUEL);
  one.parking.resume('a');
  await one.turn();
  one.parking.park('a', 'by-hand');
  await one.leave('a', 5_000_000);
  t.equal(one.lane.usedFuel, 5_000_000 + 2 * RUN_OVERHEAD_FUEL);
  one.parking.resume('a');
  await one.turn();
  await one.end('a', 6_000_000);
  t.equal(one.lane.usedFuel, 6_000_000 + 3 * RUN_OVERHEAD_FUEL);
});

t.test('what an earlier hub charged is not charged again, unless the run begins anew', async (t) => {
  const one = parkedRuns();
  await one.adopt('a', { fuel: 4_000_000 });
  await one.end('a', 5_000_000);
  t.equal(one.lane.usedFuel, 1_000_000 + RUN_OVERHEAD_FUEL);
  const other = parkedRuns();
  await other.adopt('a', { fuel: 4_000_000, fits: 'another' });
  await other.end('a', 5_000_000);
  t.equal(other.lane.usedFuel, 5_000_000 + RUN_OVERHEAD_FUEL);
});

t.test('a run that is lost with its thread gives its lane nothing back', async (t) => {
  const one = parkedRuns();
  await one.submit('a');
  one.parking.park('a', 'by-hand');
  await one.leave('a', 1_000_000);
  one.parking.resume('a');
  await one.turn();
  await one.end('a', 0);
  t.equal(one.lane.usedFuel, 1_000_000 + 2 * RUN_OVERHEAD_FUEL);
});

t.test('a run goes on once, however often it is let go on', async (t) => {
  const one = parkedRuns({ threads: 2 });
  await one.submit('a');
  one.parking.park('a', 'by-hand');
  await one.leave('a', 1_000);
  for (let i = 0; i < 3; i++) t.match(one.parking.resume('a'), { ok: true });
  await one.turn();
  t.same(
    one.given.map(({ runId, from }) => [runId, from]),
    [['a', 1_000]],
  );
  await one.end('a', 2_000);
  t.equal(one.over.length, 1);
  t.equal(one.scheduler.runs, 0);
});

t.test('a run that is parked while its checkpoint is read, and let go on, goes on', async (t) => {
  const one = parkedRuns();
  one.holds.reads = true;
  await one.adopt('a', { fuel: 1_000, byHand: true });
  t.match(one.parking.resume('a'), { ok: true });
  await one.turn();
  t.equal(one.parking.loading, 1);
  t.match(one.parking.park('a', 'by-hand'), { ok: true });
  t.match(one.parking.resume('a'), { ok: true });
  one.reading.shift()?.();
  await one.turn();
  t.match(one.given, [{ runId: 'a', from: 1_000, asked: true }]);
  await one.leave('a', 2_000);
  t.match(one.given, [{ runId: 'a', from: 2_000 }]);
});

t.test('a run that is parked while its checkpoint is read stands still again', async (t) => {
  const one = parkedRuns();
  one.holds.reads = true;
  await one.adopt('a', { fuel: 1_000 });
  t.match(one.parking.park('a', 'by-hand'), { ok: true });
  one.reading.shift()?.();
  await one.turn();
  t.match(one.given, [{ asked: true }]);
  await one.leave('a', 2_000);
  t.match(one.current.list(), [{ runId: 'a', where: 'memory', reason: 'by-hand', fuel: 2_000 }]);
});

t.test('a run that is cancelled while its checkpoint is read does not go on', async (t) => {
  const one = parkedRuns();
  one.holds.reads = true;
  await one.adopt('a', { fuel: 1_000 });
  t.match(one.current.cancel('a'), { ok: true });
  one.reading.shift()?.();
  await one.turn();
  t.match(one.over, [{ runId: 'a', outcome: { kind: 'cancelled' }, usage: { fuel: 1_000 } }]);
  t.same(one.given, []);
  t.equal(one.disk.size, 0, 'and its file is gone');
});

t.test('a run that was leaving its thread when it was cancelled is over, and does not stand still', async (t) => {
  const one = parkedRuns();
  await one.submit('a');
  one.parking.park('a', 'by-hand');
  t.match(one.current.cancel('a'), { ok: true });
  await one.leave('a', 1_000);
  t.match(one.over, [{ runId: 'a', outcome: { kind: 'cancelled' }, usage: { fuel: 1_000 } }]);
  t.same(one.current.list(), []);
  t.equal(one.scheduler.runs, 0);
});

t.test('a run that was parked by hand stays so, also when the hub stops before it stands still', async (t) => {
  const one = parkedRuns();
  await one.submit('a');
  one.parking.park('a', 'by-hand');
  one.parking.stop();
  await one.leave('a', 1_000);
  t.match(one.written.at(-1), { point: { fuel: 1_000, byHand: true } });
});

t.test('a run of an earlier hub that waits for its turn is listed, and can be parked and cancelled', async (t) => {
  const one = parkedRuns();
  await one.submit('busy');
  await one.adopt('a', { fuel: 1_000 });
  await one.adopt('b', { fuel: 2_000 });
  t.match(
    one.current.list().filter(({ where }) => where === 'disk'),
    [
      { runId: 'a', reason: 'priority', fuel: 1_000, pointAtMs: 1 },
      { runId: 'b', reason: 'priority', fuel: 2_000 },
    ],
  );
  t.match(one.current.cancel('a'), { ok: true });
  t.match(one.over, [{ runId: 'a', outcome: { kind: 'cancelled' } }]);
  t.match(one.parking.park('b', 'by-hand'), { ok: true });
  t.match(one.written.at(-1), { point: { fuel: 2_000, byHand: true } });
  await one.end('busy', 10);
  t.same(one.given, [], 'it stands still');
  one.parking.resume('b');
  await one.turn();
  t.match(one.given, [{ runId: 'b', from: 2_000 }]);
});

t.test('a new version decides also about a run of an earlier hub that waits for its turn', async (t) => {
  for (const policy of ['cancel', 'restart-on-new', 'finish-on-old']) {
    const one = parkedRuns();
    await one.submit('busy');
    const job = await one.adopt('a', { fuel: 1_000 });
    one.parking.recall(one.task);
    one.parking.taskChanged('long', resumableTask('long', policy));
    if (policy === 'cancel') t.match(one.over, [{ runId: 'a', outcome: { kind: 'cancelled' } }]);
    if (policy === 'restart-on-new') {
      t.same(one.parking.takeOver(one.task), [job]);
      t.match(one.seen.at(-1), { kind: 'run-restarted', fuel: 1_000 });
      await one.turn();
      t.match(one.written.at(-1), { dropsPoint: { group: 1 } });
      t.equal(one.disk.size, 0, 'where it was is of no use');
    }
    if (policy !== 'finish-on-old') continue;
    await one.end('busy', 10);
    t.match(one.given, [{ runId: 'a', from: 1_000 }], 'it goes on where it was');
  }
});

t.test('a point of another attempt, or of a task that was given other things, is not gone on from', async (t) => {
  for (const other of [{ attempt: 2 }, { fits: 'another' }]) {
    const one = parkedRuns();
    await one.adopt('a', { fuel: 1_000, ...other });
    t.match(one.given, [{ runId: 'a', from: undefined }]);
    t.match(one.seen, [{ kind: 'run-restarted', runId: 'a', fuel: 1_000 }]);
    t.match(one.written.at(-1), { dropsPoint: { group: 1 } });
    t.equal(one.disk.size, 0, 'its file is gone');
  }
});

t.test('the one that is tried after a quarantine is not parked', async (t) => {
  const one = parkedRuns();
  one.lane.admit(1);
  await one.submit('a');
  t.match(one.parking.park('a', 'by-hand'), { ok: false, reason: /tried after a quarantine/ });
  t.match(one.current.list(), [{ runId: 'a', where: 'thread' }]);
  t.notOk(one.given[0]?.asked);
  const job = one.looks.find('a');
  t.equal(job && one.parking.parks(job), false, 'nor offered');
});

t.test('a newer event of its key stops a run that stands still, and no other', async (t) => {
  const one = parkedRuns({ threads: 3 });
  for (const key of ['a', 'b', 'c']) {
    await one.submit(key, { key });
    one.parking.park(key, 'by-hand');
    await one.leave(key, 1_000);
  }
  one.parking.stopKey(one.task, 'b');
  one.parking.stopKey(resumableTask('other'), 'c');
  t.match(one.over, [{ runId: 'b', outcome: { kind: 'cancelled' } }]);
  t.equal(one.current.list().length, 2);
});

t.test('a run that is parked often has one point on its way to the disk, and then the last one', async (t) => {
  const one = parkedRuns();
  one.holds.disk = true;
  await one.submit('a');
  await one.pass('a', 1_000);
  for (let fuel = 2_000; fuel <= 20_000; fuel += 1_000) {
    one.parking.park('a', fuel === 20_000 ? 'by-hand' : 'priority');
    await one.leave('a', fuel);
    t.equal(one.keeping.length, 1, `at ${fuel}`);
  }
  for (const expected of [1_000, 20_000]) {
    one.keeping.shift()?.answer(true);
    await one.turn();
    t.match(one.written.at(-1), { point: { fuel: expected } });
  }
  t.equal(one.keeping.length, 0);
  t.equal(one.disk.size, 1, 'the file before it is gone');
  t.match(one.written.at(-1), { point: { byHand: true } });
});

t.test('a point that waits for an earlier one to be written is written, wherever that was taken', async (t) => {
  const one = parkedRuns();
  one.holds.disk = true;
  await one.submit('a');
  for (const [fuel, reason] of [[1_000, 'priority'] as const, [2_000, 'by-hand'] as const]) {
    one.parking.park('a', reason);
    await one.leave('a', fuel);
  }
  one.holds.disk = false;
  one.keeping.shift()?.answer(true);
  await one.turn();
  t.match(one.written.at(-1), { point: { fuel: 2_000, byHand: true } });
});

t.test('a hub that stops keeps where its runs stand, though earlier points were on their way', async (t) => {
  const one = parkedRuns();
  one.holds.disk = true;
  await one.submit('a');
  await one.pass('a', 1_000);
  one.parking.stop();
  t.ok(one.given[0]?.asked);
  await one.leave('a', 2_000);
  await one.adopt('b', { fuel: 1_000 });
  t.same(one.given, [], 'none begins any more');
  const settled = one.points.settled();
  one.holds.disk = false;
  one.keeping.shift()?.answer(true);
  await settled;
  t.match(one.written.at(-1), { point: { fuel: 2_000, byHand: false } });
});

t.test('a run that nobody was promised goes on while the hub waits for its end', async (t) => {
  const one = parkedRuns();
  await one.submit('a', { place: undefined });
  one.parking.park('a', 'priority');
  one.parking.stop();
  await one.leave('a', 1_000);
  t.match(one.given, [{ runId: 'a', from: 1_000 }]);
});

t.test('a run that nobody was promised is on disk only while there is no room in memory', async (t) => {
  const one = parkedRuns({ threads: 3, bytes: PARKING_BOUNDS.parkedBytes / 2 + MiB });
  for (const name of ['a', 'b', 'c']) {
    await one.submit(name, { place: undefined });
    await one.pass(name, 500);
    one.parking.park(name, 'by-hand');
    await one.leave(name, 1_000);
  }
  t.equal(one.disk.size, 2);
  t.same(
    one.current.list().map(({ where }) => where),
    ['memory', 'disk', 'disk'],
  );
  t.same(one.written, [], 'the store knows nothing of them');
  one.parking.resume('b');
  await one.turn();
  t.match(one.given, [{ runId: 'b', from: 1_000 }]);
  t.equal(one.disk.size, 1, 'its file goes when it goes on');
  t.match(one.current.cancel('c'), { ok: true });
  await one.turn();
  t.equal(one.disk.size, 0, 'or when it is cancelled');
});

t.test('with a full disk, memory takes as much again, and no run is parked beyond', async (t) => {
  const one = parkedRuns({ threads: 4, bytes: PARKING_BOUNDS.parkedBytes / 2 + MiB });
  one.holds.full = true;
  const names = ['a', 'b', 'c', 'd'];
  for (const name of names) await one.submit(name);
  for (const name of names) {
    t.match(one.parking.park(name, 'by-hand'), { ok: true }, name);
    await one.leave(name, 1_000);
  }
  await one.submit('e');
  t.match(one.parking.park('e', 'by-hand'), { ok: false, reason: /memory and disk are full/ });
  t.match(one.parking.park('e', 'stopping'), { ok: true }, 'the end of the hub waits for nobody');
  one.parking.resume('b');
  await one.turn();
  t.match(one.parking.park('b', 'by-hand'), { ok: true }, 'when one goes on there is room again');
});

t.test('with a disk that holds all it may, no run is parked beyond what memory takes', async (t) => {
  const bytes = PARKING_BOUNDS.parkedBytes + MiB;
  const one = parkedRuns({ threads: 2, bytes, onDisk: Number.MAX_SAFE_INTEGER });
  one.holds.full = true;
  await one.submit('a');
  await one.submit('b');
  one.parking.park('a', 'by-hand');
  await one.leave('a', 1_000);
  t.match(one.parking.park('b', 'by-hand'), { ok: false, reason: /memory and disk are full/ });
});

t.test('a run that comes to no point in time goes on when it comes to one', async (t) => {
  for (const ask of ['park', 'checkpoint'] as const) {
    const one = parkedRuns();
    await one.submit('a');
    const answer = one.current[ask]('a');
    one.timer.pass(PARKING_BOUNDS.threadLookMs);
    for (let ms = 0; ms <= PARKING_BOUNDS.parkMs; ms += 1_000) {
      await one.turn();
      one.timer.pass(1_000);
    }
    t.match(await answer, { ok: false, reason: /came to no point/ });
    await one.leave('a', 1_000);
    t.match(one.given, [{ runId: 'a', from: 1_000 }]);
  }
});

t.test('a run whose checkpoint is taken goes on over restarts, unless it is parked meanwhile', async (t) => {
  for (const parked of [false, true]) {
    const one = parkedRuns();
    await one.submit('a');
    const saved = one.current.checkpoint('a');
    await one.leave('a', 1_000);
    t.match(one.written.at(-1), { point: { fuel: 1_000, byHand: false } });
    if (parked) t.match(one.parking.park('a', 'by-hand'), { ok: true });
    one.timer.pass(PARKING_BOUNDS.threadLookMs);
    t.ok((await saved) instanceof Uint8Array);
    await one.turn();
    t.equal(one.given.length, parked ? 0 : 1);
    t.equal(one.seen.filter(({ kind }) => kind === 'run-resumed').length, parked ? 0 : 1);
  }
});
