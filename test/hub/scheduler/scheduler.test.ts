import t from 'tap';
import { RUN_OVERHEAD_FUEL } from '../../../hub/scheduler/limits.js';
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
    park: (value: string): Job<string> => {
      const job = take(value);
      scheduler.park(job, 1_000);
      scheduler.pump();
      return job;
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

t.test('a parked run that executes elsewhere is one of those at once, until it is not away any more', (t) => {
  const { scheduler, running, park, finish } = harness(10);
  let away = 0;
  const lane = scheduler.createLane({ priority: 5, concurrency: 2, order: 'start', away: () => away });
  for (const value of ['a', 'b', 'c', 'd']) scheduler.submit(lane, undefined, value);
  scheduler.pump();
  away = 1;
  park('a');
  t.same(running(), ['b']);
  const b = park('b');
  t.same(running(), ['c'], 'one that stands still here is none of them');
  away = 0;
  lane.cameBack();
  scheduler.pump();
  t.same(running(), ['c', 'd']);
  scheduler.unpark(b);
  finish('c');
  t.same(running(), ['d', 'b']);
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

t.test('one greedy task under overload gets its share of fuel and no more, whatever it queues', (t) => {
  const { scheduler, running, finish } = harness(4);
  // Runs ten and forty times as heavy as those of the others, and ten times as many of them waiting.
  const cost: Readonly<Record<string, number>> = { greedy: 20_000_000, steady: 2_000_000, small: 500_000 };
  const spent: Record<string, number> = { greedy: 0, steady: 0, small: 0 };
  for (const name of Object.keys(cost)) {
    const lane = scheduler.createLane(PLAIN);
    for (let i = 0; i < (name === 'greedy' ? 20_000 : 2_000); i++) scheduler.submit(lane, undefined, `${name} ${i}`);
  }
  scheduler.pump();
  for (let i = 0; i < 2_000; i++) {
    const [value = ''] = running();
    const [name = ''] = value.split(' ');
    spent[name] = (spent[name] ?? 0) + (cost[name] ?? 0) + RUN_OVERHEAD_FUEL;
    finish(value, cost[name]);
  }
  const all = Object.values(spent).reduce((sum, fuel) => sum + fuel, 0);
  for (const [name, fuel] of Object.entries(spent)) {
    const share = fuel / all;
    t.ok(
      share > 0.28 && share < 0.39,
      `${name} had ${(share * 100).toFixed(1)} % of the fuel, what a run costs besides included`,
    );
  }
  t.end();
});

t.test('a task that asks for less than its share gets all of it at once, however greedy another is', (t) => {
  const { scheduler, started, running, finish } = harness(1);
  const greedy = scheduler.createLane(PLAIN);
  const modest = scheduler.createLane(PLAIN);
  for (let i = 0; i < 1_000; i++) scheduler.submit(greedy, undefined, `greedy ${i}`);
  scheduler.pump();
  for (let i = 0; i < 100; i++) finish(running()[0] ?? '', 10_000_000);
  for (let i = 0; i < 20; i++) {
    scheduler.submit(modest, undefined, `modest ${i}`);
    const before = started.length;
    finish(running()[0] ?? '', 10_000_000);
    t.equal(started[before], `modest ${i}`, 'the next to start');
    finish(`modest ${i}`, 100_000);
  }
  t.end();
});

t.test('a run that is over before it starts is dropped; one that has begun goes again whatever its age', (t) => {
  const running: Job<string>[] = [];
  const dropped: string[] = [];
  let late = false;
  const scheduler = new Scheduler<string>({
    slots: () => 1 - running.length,
    start: (job) => void running.push(job),
    expiry: { isOver: () => late, drop: (value) => void dropped.push(value) },
  });
  const lane = scheduler.createLane(PLAIN);
  for (const value of ['a', 'b', 'c']) scheduler.submit(lane, 'k', value);
  scheduler.pump();
  late = true;
  const [first] = running.splice(0);
  if (first !== undefined) scheduler.repeat(first, 1_000);
  scheduler.pump();
  t.same(
    running.map(({ value }) => value),
    ['a'],
  );
  t.same(dropped, []);
  const [again] = running.splice(0);
  if (again !== undefined) scheduler.finish(again, 1_000);
  scheduler.pump();
  t.same(dropped, ['b', 'c'], 'each gives its key and its place to the next');
  t.equal(scheduler.runs, 0);
  t.end();
});

t.test('what was dropped from a lane leaves its place to what comes later', (t) => {
  const { scheduler, running, finish } = harness(1);
  const lane = scheduler.createLane({ priority: 5, concurrency: 1, order: 'start' });
  scheduler.submit(lane, 'k', 'first');
  scheduler.pump();
  for (let i = 0; i < 10; i++) {
    scheduler.submit(lane, `k${i % 3}`, `${i}`);
    t.equal(scheduler.dropOldest(lane)?.value, `${i}`);
  }
  t.equal(scheduler.dropOldest(lane), undefined, 'what runs is not dropped');
  t.equal(scheduler.runs, 1);
  finish('first');
  t.same(running(), []);
  scheduler.submit(lane, 'k0', 'last');
  scheduler.pump();
  t.same(running(), ['last']);
  t.end();
});
