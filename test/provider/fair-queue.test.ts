import t from 'tap';
import { FairQueue, type Share, type Waiting } from '../../provider/fair-queue.js';

interface RunOptions {
  readonly fuel?: number;
  readonly ms?: number;
  readonly isLong?: boolean;
}

interface Scene {
  readonly queue: FairQueue;
  readonly started: string[];
  readonly submit: (share: Share, name: string, options?: RunOptions) => Waiting;
  readonly finish: (name: string, fuel?: number) => void;
}

function scene(threads: number): Scene {
  const started: string[] = [];
  const running = new Map<string, { readonly share: Share; readonly run: Waiting }>();
  const queue = new FairQueue({ threads, slots: () => threads - running.size });
  return {
    queue,
    started,
    submit: (share, name, { fuel = 1_000, ms = 1, isLong = false } = {}) => {
      const run: Waiting = {
        expectedFuel: fuel,
        expectedMs: ms,
        isLong,
        start: () => {
          started.push(name);
          running.set(name, { share, run });
        },
      };
      queue.submit(share, run);
      return run;
    },
    finish: (name, fuel = 1_000) => {
      const one = running.get(name);
      running.delete(name);
      if (one !== undefined) queue.finish(one.share, one.run, fuel);
    },
  };
}

const open = (): boolean => false;

t.test('sessions take turns by the fuel that they used, not by the runs that they sent', (t) => {
  const { queue, started, submit, finish } = scene(1);
  const [greedy, modest] = [queue.join(open), queue.join(open)];
  for (let i = 0; i < 6; i++) submit(greedy, `greedy ${i}`, { fuel: 10_000_000 });
  for (let i = 0; i < 6; i++) submit(modest, `modest ${i}`, { fuel: 1_000_000 });
  for (let i = 0; i < 7; i++)
    finish(started.at(-1) ?? '', started.at(-1)?.startsWith('greedy') ? 10_000_000 : 1_000_000);
  t.equal(
    started.filter((name) => name.startsWith('modest')).length,
    6,
    'all small ones went before the second large one ended',
  );
  t.end();
});

t.test('a session that was idle begins level, and has saved nothing up', (t) => {
  const { queue, started, submit, finish } = scene(1);
  const [busy, idle] = [queue.join(open), queue.join(open)];
  for (let i = 0; i < 50; i++) {
    submit(busy, `busy ${i}`);
    finish(`busy ${i}`, 1_000_000);
  }
  for (let i = 0; i < 4; i++) submit(idle, `idle ${i}`);
  for (let i = 50; i < 54; i++) submit(busy, `busy ${i}`);
  for (let i = 0; i < 4; i++) finish(started.at(-1) ?? '', 1_000);
  t.ok(
    started.slice(50).some((name) => name.startsWith('busy')),
    'the busy one goes on beside it',
  );
  t.end();
});

t.test('long runs of one session leave a thread to the others', (t) => {
  const { queue, started, submit, finish } = scene(2);
  const alone = queue.join(open);
  submit(alone, 'long 1', { isLong: true });
  submit(alone, 'long 2', { isLong: true });
  t.strictSame(started, ['long 1', 'long 2'], 'alone it has all threads');
  const other = queue.join(open);
  submit(alone, 'long 3', { isLong: true });
  finish('long 1');
  t.strictSame(started.length, 2, 'with another session there, one thread is left free');
  submit(other, 'short');
  t.equal(started.at(-1), 'short');
  t.end();
});

t.test('what a run is expected to take is known when its turn comes, not when it came', (t) => {
  const started: string[] = [];
  const queue = new FairQueue({ threads: 2, slots: () => 2 - started.length });
  const [flood] = [queue.join(open), queue.join(open)];
  let isLong = false;
  const runOf = (name: string): Waiting => ({
    expectedFuel: 1_000,
    expectedMs: 1,
    get isLong() {
      return isLong;
    },
    start: () => started.push(name),
  });
  const first = runOf('first');
  for (const run of [first, runOf('second'), runOf('third'), runOf('fourth')]) queue.submit(flood, run);
  t.strictSame(started, ['first', 'second'], 'nobody knew better');
  isLong = true;
  started.splice(0);
  queue.finish(flood, first, 1_000_000_000);
  t.strictSame(started, ['third']);
  queue.pump();
  t.strictSame(started, ['third'], 'those that had come already leave a thread free, too');
  t.end();
});

t.test('what a session would wait is what is in its own way, and not how much others have sent', (t) => {
  const { queue, submit } = scene(2);
  const [flood, modest] = [queue.join(open), queue.join(open)];
  for (let i = 0; i < 20; i++) submit(flood, `long ${i}`, { ms: 1_000, isLong: true });
  t.equal(queue.expectedWaitMs(modest), 0, 'a thread is free for it');
  t.ok(queue.expectedWaitMs(flood) > 9_000, 'the flood waits for itself');
  submit(modest, 'short 0', { ms: 10 });
  t.equal(queue.expectedWaitMs(modest), (1_000 + 10) / 2 / 2, 'for half of what executes, on two threads');
  submit(modest, 'short 1', { ms: 10 });
  t.equal(queue.expectedWaitMs(modest), (505 + 2 * 10) / 2, 'and for its own, each of which takes turns with another');
  t.end();
});

t.test('a session whose link is full starts nothing, and one that has left neither', (t) => {
  const { queue, started, submit } = scene(4);
  let isFull = true;
  const share = queue.join(() => isFull);
  submit(share, 'a');
  t.strictSame(started, []);
  isFull = false;
  queue.pump();
  t.strictSame(started, ['a']);
  isFull = true;
  const withdrawn = submit(share, 'b');
  submit(share, 'c');
  t.ok(queue.withdraw(share, withdrawn));
  t.notOk(queue.withdraw(share, withdrawn));
  queue.leave(share);
  isFull = false;
  queue.pump();
  t.strictSame(started, ['a']);
  t.equal(queue.waiting, 0);
  t.end();
});
