import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SCHEDULE_BOUNDS } from '../../../hub/schedules/limits.js';
import type { RunRequest } from '../../../runtime/index.js';
import type { Behaviour } from '../fake-runtime.js';
import { turns } from '../hub-under-test.js';
import { HOUR, machine, MIDNIGHT, MINUTE, SECOND } from '../timed-hub.js';

const HOURLY = '[[trigger]]\ncron = "0 * * * *"\n';
const behave = (): Behaviour => ({});

t.test('a timer wakes its task at its moments, with an event that says which one', async (t) => {
  const { start, pass } = machine(MIDNIGHT + 30 * MINUTE);
  const { runtime, hub, link } = await start(t, {
    task: `${HOURLY}name = "hour"\nzone = "Europe/Berlin"\n[[trigger]]\nevery = "45 min"\npayload = "tick"\n`,
    behave,
  });
  await pass(2 * HOUR);
  const event = (timer: string, ms: number, text: string): object => ({
    id: `timer-task-${timer}-${ms}`,
    topic: `$timer/task/${timer}`,
    payload: Buffer.from(text),
    qos: 1,
    retain: false,
    arrivedAtMs: ms,
    captures: {},
  });
  t.same(
    runtime.started.map(({ event }) => ({ ...event, payload: Buffer.from(event.payload) })),
    [
      event('2', MIDNIGHT + 45 * MINUTE, 'tick'),
      event('hour', MIDNIGHT + HOUR, '{"scheduled":"2026-11-22T02:00:00+01:00"}'),
      event('2', MIDNIGHT + 90 * MINUTE, 'tick'),
      event('hour', MIDNIGHT + 2 * HOUR, '{"scheduled":"2026-11-22T03:00:00+01:00"}'),
      event('2', MIDNIGHT + 135 * MINUTE, 'tick'),
    ],
  );
  t.equal(hub.counts.runs.completed, 5);
  t.same(link.subscriptions, [], 'the broker is not asked for them');
  t.match(hub.control.tasks[0]?.timers, [
    {
      name: 'hour',
      cron: '0 * * * *',
      zone: 'Europe/Berlin',
      lastMs: MIDNIGHT + 2 * HOUR,
      next: '2026-11-22T04:00:00+01:00',
      nextMs: MIDNIGHT + 3 * HOUR,
    },
    { name: '2', everyMs: 45 * MINUTE, catchUp: 'none', nextMs: MIDNIGHT + 3 * HOUR },
  ]);
});

for (const [catchUp, expected] of [
  ['none', []],
  ['last', [3]],
  ['all', [1, 2, 3]],
] as const) {
  t.test(`what was missed while the hub was away: ${catchUp}`, async (t) => {
    const { start, pass, set } = machine(MIDNIGHT);
    const task = `${HOURLY}catchUp = "${catchUp}"\n`;
    const { hub, dir } = await start(t, { task, behave });
    await hub.close();
    set(MIDNIGHT + 3 * HOUR + 30 * MINUTE);
    const again = await start(t, { task, dir, behave });
    const hours = (ms: readonly number[]): number[] => ms.map((each) => (each - MIDNIGHT) / HOUR);
    t.same(hours(again.scheduled()), expected);
    const missed = 3 - expected.length;
    t.equal(again.hub.counts.missedFirings, missed);
    t.match(
      again.seen.filter(({ kind }) => kind === 'firings-missed'),
      missed === 0 ? [] : [{ task: 'task', timer: '1', count: missed, orMore: false, caughtUp: expected.length }],
    );
    await pass(HOUR);
    t.same(hours(again.scheduled()), [...expected, 4], 'and goes on');
  });
}

t.test('a start that is late by a moment misses nothing', async (t) => {
  const { start, set } = machine(MIDNIGHT + 59 * MINUTE);
  const { hub, dir } = await start(t, { task: HOURLY, behave });
  await hub.close();
  set(MIDNIGHT + HOUR + SCHEDULE_BOUNDS.lateFiringMs);
  const again = await start(t, { task: HOURLY, dir, behave });
  t.same(again.scheduled(), [MIDNIGHT + HOUR]);
});

t.test('of very many that were missed the newest are caught up on, and the others told of', async (t) => {
  const { start, set } = machine(MIDNIGHT);
  const task = '[[trigger]]\nevery = "1 s"\ncatchUp = "all"\n';
  const { hub, dir } = await start(t, { task, behave });
  await hub.close();
  set(MIDNIGHT + 24 * HOUR);
  const again = await start(t, { task, dir, behave });
  const most = SCHEDULE_BOUNDS.caughtUpFirings;
  const newest = Array.from({ length: most }, (_, i) => MIDNIGHT + 24 * HOUR - (most - 1 - i) * SECOND);
  t.same(again.scheduled(), newest);
  t.match(
    again.seen.filter(({ kind }) => kind === 'firings-missed'),
    [{ orMore: true, caughtUp: most }],
  );
});

t.test('the clock is set back an hour: no time on it comes twice', async (t) => {
  const { start, pass, set } = machine(MIDNIGHT);
  const { fired, scheduled } = await start(t, {
    task: '[[trigger]]\ncron = "*/10 * * * *"\ncatchUp = "all"\n',
    behave,
  });
  await pass(2 * HOUR);
  t.equal(fired().length, 12);
  set(MIDNIGHT + HOUR);
  await pass(HOUR);
  t.equal(fired().length, 12, 'that hour has been');
  await pass(30 * MINUTE);
  t.equal(fired().length, 15);
  t.same(
    scheduled(),
    Array.from({ length: 15 }, (_, i) => MIDNIGHT + (i + 1) * 10 * MINUTE),
  );
});

t.test('the clock is set back an hour: what comes each minute goes on, and no id comes twice', async (t) => {
  const { start, pass, set } = machine(MIDNIGHT);
  const task = '[[trigger]]\nevery = "1 min"\n';
  const { fired, hub, dir } = await start(t, { task, behave });
  await pass(HOUR);
  set(MIDNIGHT);
  await pass(30 * MINUTE);
  t.equal(fired().length, 60 + 30);
  await hub.close();
  const again = await start(t, { task, dir, behave });
  await pass(30 * MINUTE);
  t.equal(new Set([...fired(), ...again.fired()]).size, 120, 'also after a restart');
});

t.test('a clock that was wrong by days is gone by as soon as it is right', async (t) => {
  const { start, pass, set } = machine(MIDNIGHT + 100 * 24 * HOUR);
  const { scheduled } = await start(t, { task: HOURLY, behave });
  await pass(90 * MINUTE);
  set(MIDNIGHT + 30 * MINUTE);
  await pass(HOUR);
  t.same(scheduled(), [MIDNIGHT + 100 * 24 * HOUR + HOUR, MIDNIGHT + HOUR]);
});

t.test('a machine that starts in 1970 and then asks the network makes up for nothing that has been', async (t) => {
  const { start, pass, set } = machine(MIDNIGHT);
  const task = `${HOURLY}catchUp = "all"\n`;
  const { hub, dir } = await start(t, { task, behave });
  await pass(2 * HOUR);
  await hub.close();
  set(0);
  const again = await start(t, { task, dir, behave });
  await pass(5 * MINUTE);
  set(MIDNIGHT + 4 * HOUR + MINUTE);
  await pass(MINUTE);
  t.same(
    again.scheduled(),
    [3, 4].map((n) => MIDNIGHT + n * HOUR),
  );
});

t.test('the clock is set forward: what it leaves out was missed, and that is noticed soon', async (t) => {
  for (const [catchUp, expected] of [
    ['none', []],
    ['all', [MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR]],
  ] as const) {
    const { start, pass, set } = machine(MIDNIGHT + 10 * MINUTE);
    const { scheduled } = await start(t, { task: `${HOURLY}catchUp = "${catchUp}"\n`, behave });
    set(MIDNIGHT + 2 * HOUR + 10 * MINUTE);
    await pass(SCHEDULE_BOUNDS.clockLookMs);
    t.same(scheduled(), expected, catchUp);
  }
});

t.test('another rule begins anew, the same one goes on, and one that is gone is forgotten', async (t) => {
  const { start, set } = machine(MIDNIGHT);
  const all = (cron: string): string => `[[trigger]]\nname = "one"\ncron = "${cron}"\ncatchUp = "all"\n`;
  const steps = [
    { task: all('0 * * * *'), expected: 0 },
    { task: all('0 * * * *'), expected: 1 },
    { task: all('*/30 * * * *'), expected: 0 },
    { task: `[[trigger]]\ntopic = "other"\n${all('*/30 * * * *')}`, expected: 2 },
    { task: '[[trigger]]\ntopic = "other"\n', expected: 0 },
    { task: all('*/30 * * * *'), expected: 0 },
  ];
  const dir = t.testdir({});
  for (const [i, { task, expected }] of steps.entries()) {
    set(MIDNIGHT + i * HOUR + MINUTE);
    const { hub, fired } = await start(t, { task, dir, behave });
    t.equal(fired().length, expected, `step ${i}`);
    await hub.close();
  }
});

t.test('another rule, on a clock that was set back meanwhile, brings no moment twice', async (t) => {
  const { start, pass, set } = machine(MIDNIGHT);
  const each = (minutes: number): string => `[[trigger]]\nname = "one"\ncron = "*/${minutes} * * * *"\n`;
  const first = await start(t, { task: each(10), behave });
  await pass(HOUR);
  await first.hub.close();
  set(MIDNIGHT + 10 * MINUTE);
  const second = await start(t, { task: each(20), dir: first.dir, behave });
  await pass(70 * MINUTE);
  t.same(second.scheduled(), [MIDNIGHT + 80 * MINUTE]);
});

t.test('a task that only timers wake can be run by hand', async (t) => {
  const { start } = machine(MIDNIGHT);
  const { hub, runtime } = await start(t, { task: HOURLY, behave });
  for (const topic of ['$timer/task/1', 'by/hand']) {
    t.match(await hub.control.invoke({ task: 'task', topic, payload: Buffer.from('') }), { kind: 'ended' });
  }
  t.same(
    runtime.started.map(({ event }) => event.topic),
    ['$timer/task/1', 'by/hand'],
  );
});

t.test('overflow reject: a firing waits for room', async (t) => {
  const { start, pass } = machine(MIDNIGHT);
  const { runtime, scheduled, hub } = await start(t, {
    task: '[[trigger]]\nevery = "1 s"\ncatchUp = "all"\n[limits]\nqueue = 1\noverflow = "reject"\n[schedule]\nconcurrency = 1\n',
  });
  await pass(4 * SECOND);
  t.equal(hub.runs, 2, 'one runs, one waits');
  for (let i = 0; i < 4; i++) {
    runtime.answer();
    await turns();
  }
  t.same(
    scheduled(),
    [1, 2, 3, 4].map((n) => MIDNIGHT + n * SECOND),
  );
  t.equal(hub.counts.refused['task-queue-full'] + hub.counts.missedFirings, 0);
});

t.test('overflow drop-newest and drop-oldest decide about firings as about other events', async (t) => {
  for (const [overflow, left] of [
    ['drop-newest', [1, 2]],
    ['drop-oldest', [1, 4]],
  ] as const) {
    const { start, pass } = machine(MIDNIGHT);
    const { runtime, scheduled, hub } = await start(t, {
      task: `[[trigger]]\nevery = "1 s"\n[limits]\nqueue = 1\noverflow = "${overflow}"\n[schedule]\nconcurrency = 1\n`,
    });
    await pass(4 * SECOND);
    runtime.answer();
    await turns();
    t.same(
      scheduled(),
      left.map((n) => MIDNIGHT + n * SECOND),
    );
    t.equal(hub.counts.refused['task-queue-full'] + hub.counts.dropped.overflow, 2);
  }
});

t.test('a hub that is told to stop fires no more, and leaves no timer behind', async (t) => {
  const { start, pass } = machine(MIDNIGHT);
  const { hub, fired } = await start(t, { task: HOURLY, behave });
  await hub.close();
  await pass(2 * HOUR);
  t.same(fired(), []);
});

t.test('a hub killed at any moment has each firing once', async (t) => {
  const { start, jump, nowMs } = machine(MIDNIGHT);
  const task = '[[trigger]]\nevery = "1 s"\ncatchUp = "all"\n[grants]\npublish = ["out"]\n';
  const publishes = ({ event }: RunRequest): Behaviour => ({
    effects: [{ kind: 'publish', topic: 'out', payload: Buffer.from(event.id), qos: 1, retain: false }],
  });
  const { dir, seen, link } = await start(t, { task, behave: publishes });
  const over = (): string[] => seen.flatMap((one) => (one.kind === 'run-finished' ? [one.event.id] : []));
  const moments: { dir: string; due: number; over: readonly string[]; published: readonly string[] }[] = [];
  const published = (of: typeof link): string[] => of.published.map(({ payload }) => Buffer.from(payload).toString());
  // From the first one on: until that is on disk, so is not that the timer is there.
  jump(SECOND);
  await untilEqual(() => published(link), [`timer-task-1-${MIDNIGHT + SECOND}`]);
  for (let step = 0; step < 36; step++) {
    const copy = join(dir, `killed-${step}`);
    mkdirSync(copy);
    cpSync(join(dir, 'data'), join(copy, 'data'), { recursive: true, filter: (file) => !/lock|-shm/.test(file) });
    const due = Math.floor((nowMs() - MIDNIGHT) / SECOND);
    moments.push({ dir: copy, due, over: over(), published: published(link) });
    if (step % 6 === 5) jump(SECOND);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  for (const { dir, due, over, published: before } of moments) {
    // It stands still where the first hub has come to: what is due is due for both.
    const after = await start(t, { task, dir, behave: publishes });
    await turns();
    const expected = Array.from({ length: 7 }, (_, i) => `timer-task-1-${MIDNIGHT + (i + 1) * SECOND}`);
    await t.resolves(untilEqual(() => [...new Set([...before, ...published(after.link)])].toSorted(), expected));
    t.same(new Set(after.fired()).size, after.fired().length, 'none twice in one hub');
    t.notOk(
      after.fired().some((id) => over.includes(id)),
      `none of those that were over, of ${due}`,
    );
    await after.hub.close();
  }
});

async function untilEqual(actual: () => readonly string[], expected: readonly string[]): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (actual().join() === expected.join()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`it is ${actual().join()}`);
}
