import t from 'tap';
import { RUN_OVERHEAD_FUEL } from '../../../hub/limits.js';
import { Scheduler, type Job } from '../../../hub/scheduler/index.js';
import type { LaneOptions } from '../../../hub/scheduler/lane.js';

/** A scheduler with a number of slots, and the jobs that run in them. */
function harness(slots: number) {
  const running: Job<string>[] = [];
  const started: string[] = [];
  const scheduler = new Scheduler<string>({
    slots: () => slots - running.length,
    start: (job) => {
      running.push(job);
      started.push(job.value);
    },
  });
  const take = (value: string): Job<string> => {
    const index = running.findIndex((job) => job.value === value);
    const [job] = running.splice(index, 1);
    if (index === -1 || job === undefined) throw new Error(`${value} is not running`);
    return job;
  };
  return {
    scheduler,
    started,
    running: () => running.map((job) => job.value),
    finish: (value: string, fuel = 1_000) => {
      scheduler.finish(take(value), fuel);
      scheduler.pump();
    },
    repeat: (value: string) => {
      scheduler.repeat(take(value), 1_000);
      scheduler.pump();
    },
  };
}

const PLAIN: LaneOptions = { priority: 5, concurrency: undefined, order: 'start' };

t.test('no more runs are started than there are slots, and the rest follow in order', (t) => {
  const { scheduler, started, running, finish } = harness(2);
  const lane = scheduler.createLane(PLAIN);
  for (const value of ['a', 'b', 'c', 'd']) scheduler.submit(lane, undefined, value);
  t.same(started, [], 'nothing before pump');
  scheduler.pump();
  t.same(running(), ['a', 'b']);
  t.equal(scheduler.runs, 4);
  t.equal(lane.waiting, 2);
  finish('b');
  t.same(running(), ['a', 'c']);
  finish('a');
  finish('c');
  finish('d');
  t.same(started, ['a', 'b', 'c', 'd']);
  t.equal(scheduler.runs, 0);
  t.end();
});

t.test('an urgent run takes the next slot', (t) => {
  const { scheduler, started, finish } = harness(1);
  const calm = scheduler.createLane({ priority: 3, concurrency: undefined, order: 'start' });
  const urgent = scheduler.createLane({ priority: 9, concurrency: undefined, order: 'start' });
  for (const value of ['calm-1', 'calm-2']) scheduler.submit(calm, undefined, value);
  scheduler.pump();
  scheduler.submit(urgent, undefined, 'urgent');
  scheduler.pump();
  finish('calm-1');
  finish('urgent');
  t.same(started, ['calm-1', 'urgent', 'calm-2']);
  t.end();
});

t.test('among equals, tasks share by fuel: a light task runs as many times more as it is lighter', (t) => {
  const { scheduler, started, running, finish } = harness(1);
  const heavy = scheduler.createLane(PLAIN);
  const light = scheduler.createLane(PLAIN);
  for (let i = 0; i < 500; i++) {
    scheduler.submit(heavy, undefined, `heavy-${i}`);
    scheduler.submit(light, undefined, `light-${i}`);
  }
  scheduler.pump();
  for (let i = 0; i < 440; i++) {
    const [value = ''] = running();
    finish(value, (value.startsWith('heavy') ? 10_000_000 : 1_000_000) - RUN_OVERHEAD_FUEL);
  }
  const heavies = started.filter((value) => value.startsWith('heavy')).length;
  const ratio = (started.length - heavies) / heavies;
  t.ok(ratio > 8.5 && ratio < 11.5, `ten times as often, within start-up: ${ratio}`);
  t.end();
});

t.test('a task that was idle does not make up for it', (t) => {
  const { scheduler, started, running, finish } = harness(1);
  const busy = scheduler.createLane(PLAIN);
  const late = scheduler.createLane(PLAIN);
  for (let i = 0; i < 200; i++) scheduler.submit(busy, undefined, `busy-${i}`);
  scheduler.pump();
  for (let i = 0; i < 100; i++) finish(running()[0] ?? '');
  for (let i = 0; i < 50; i++) scheduler.submit(late, undefined, `late-${i}`);
  const before = started.length;
  for (let i = 0; i < 40; i++) finish(running()[0] ?? '');
  const lates = started.slice(before).filter((value) => value.startsWith('late')).length;
  t.ok(lates >= 18 && lates <= 22, `half of the turns: ${lates} of 40`);
  t.end();
});

t.test('runs of one key go one at a time, in order, while other keys go on', (t) => {
  const { scheduler, running, finish } = harness(10);
  const lane = scheduler.createLane(PLAIN);
  for (const value of ['hall-1', 'hall-2', 'hall-3']) scheduler.submit(lane, 'hall', value);
  scheduler.submit(lane, 'kitchen', 'kitchen-1');
  scheduler.pump();
  t.same(running(), ['hall-1', 'kitchen-1']);
  finish('hall-1');
  t.same(running(), ['kitchen-1', 'hall-2']);
  finish('hall-2');
  t.same(running(), ['kitchen-1', 'hall-3']);
  t.end();
});

t.test('the same key of two tasks is two keys', (t) => {
  const { scheduler, running } = harness(10);
  scheduler.submit(scheduler.createLane(PLAIN), 'hall', 'a');
  scheduler.submit(scheduler.createLane(PLAIN), 'hall', 'b');
  scheduler.pump();
  t.same(running(), ['a', 'b']);
  t.end();
});

t.test('a task runs no more at once than its manifest says, and keys that wait take no place', (t) => {
  const { scheduler, running, finish } = harness(10);
  const lane = scheduler.createLane({ priority: 5, concurrency: 2, order: 'start' });
  scheduler.submit(lane, 'x', 'x1');
  scheduler.submit(lane, 'x', 'x2');
  scheduler.submit(lane, 'y', 'y1');
  scheduler.submit(lane, 'z', 'z1');
  scheduler.pump();
  t.same(running(), ['x1', 'y1']);
  finish('x1');
  t.same(running(), ['y1', 'z1']);
  finish('y1');
  t.same(running(), ['z1', 'x2']);
  t.end();
});

t.test('a repeated run keeps its key and goes before those that wait', (t) => {
  const { scheduler, started, running, finish, repeat } = harness(1);
  const lane = scheduler.createLane(PLAIN);
  for (const value of ['a', 'b']) scheduler.submit(lane, 'k', value);
  scheduler.submit(lane, 'other', 'c');
  scheduler.pump();
  repeat('a');
  t.equal(scheduler.runs, 3);
  while (running().length > 0) finish(running()[0] ?? '');
  t.ok(started.indexOf('b') > started.lastIndexOf('a'), started.join(' '));
  t.equal(started.filter((value) => value === 'a').length, 2);
  t.equal(scheduler.runs, 0);
  t.end();
});

t.test("runs that get in each other's way come down to one at a time, and all get done", (t) => {
  const { scheduler, started, running, finish, repeat } = harness(32);
  const lane = scheduler.createLane(PLAIN);
  for (let i = 0; i < 64; i++) scheduler.submit(lane, undefined, `r${i}`);
  scheduler.pump();
  // Each round, of all that run together, only the first one's reads are still true.
  while (running().length > 0) {
    const [first = '', ...others] = running();
    finish(first);
    for (const other of others) if (running().includes(other)) repeat(other);
  }
  t.equal(scheduler.runs, 0);
  t.ok(started.length < 64 * 3, `${started.length} executions for 64 runs`);
  t.end();
});

t.test('a runtime that reports no free slot while idle is given a run all the same', (t) => {
  const { scheduler, running } = harness(0);
  const lane = scheduler.createLane(PLAIN);
  scheduler.submit(lane, undefined, 'a');
  scheduler.submit(lane, undefined, 'b');
  scheduler.pump();
  t.same(running(), ['a']);
  t.end();
});

t.test('runs of one key that may overlap are let go in the order in which they began', (t) => {
  const jobs = new Map<string, Job<string>>();
  const scheduler = new Scheduler<string>({ slots: () => 8, start: (job) => jobs.set(job.value, job) });
  const lane = scheduler.createLane({ ...PLAIN, order: 'end' });
  for (const value of ['a', 'b', 'c']) scheduler.submit(lane, 'hall', value);
  scheduler.submit(lane, 'attic', 'd');
  scheduler.pump();
  t.same([...jobs.keys()], ['a', 'b', 'c', 'd'], 'all run at once');
  const ended = (value: string): string[] => {
    const job = jobs.get(value);
    if (job === undefined) throw new Error(`${value} was not started`);
    return lane.ended(job).map((each) => each.value);
  };
  t.same(ended('c'), [], 'the last waits for those before it');
  t.same(ended('d'), ['d'], 'another key does not');
  t.same(ended('a'), ['a']);
  t.same(ended('b'), ['b', 'c']);
  t.end();
});
