/** What a hub takes up that an earlier one had accepted. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createHub } from '../../hub/hub.js';
import { createLog } from '../../hub/log.js';
import { openStore, type StoredEvent } from '../../hub/store/index.js';
import { fakeLink } from './fake-link.js';
import { fakeRuntime } from './fake-runtime.js';
import { turns } from './hub-under-test.js';
import { virtualTimer } from './virtual-timer.js';

interface Left {
  readonly topic: string;
  readonly arrivedAtMs?: number;
}

/** A data directory with events that no run of `task` is over for. */
async function leave(t: Test, events: readonly Left[]): Promise<string> {
  const dir = t.testdir({ data: {} });
  const store = openStore(join(dir, 'data', 'state.db'));
  for (const [i, { topic, arrivedAtMs = 5_000 }] of events.entries()) {
    const runs = [{ task: 'task', seed: i }];
    const payload = Buffer.from(`${i}`);
    const event: StoredEvent = { id: `old${i}`, topic, payload, qos: 1, retain: false, arrivedAtMs, clockMs: 1, runs };
    store.commit([], { received: { id: store.nextInboxId(), events: [event] } });
  }
  await store.close();
  return dir;
}

async function start(t: Test, dir: string, manifest: string, clockMs = 5_000) {
  mkdirSync(join(dir, 'tasks', 'task'), { recursive: true });
  const head = 'name = "task"\nversion = "1.0.0"\ncomponent = "c.wasm"\n';
  writeFileSync(join(dir, 'tasks', 'task', 'task.toml'), `${head}${manifest}`);
  writeFileSync(join(dir, 'tasks', 'task', 'c.wasm'), 'task');
  const runtime = fakeRuntime(() => ({}));
  const timer = virtualTimer();
  const hub = await createHub({
    taskDirs: [join(dir, 'tasks')],
    dataDir: join(dir, 'data'),
    startRuntime: () => Promise.resolve(runtime),
    connect: (onMessage) => fakeLink().connect(onMessage),
    brokerName: 'mqtt://fake',
    clock: () => clockMs,
    timer,
    newEventId: () => 'new',
    newSeed: () => 7,
    observe: () => undefined,
    log: createLog('silent'),
    drainMs: 0,
  });
  t.teardown(() => hub.close());
  await turns();
  return { hub, timer, ran: () => runtime.started.map(({ event }) => event.id) };
}

t.test('each run is taken up, also where more were accepted than now may wait', async (t) => {
  const left = Array.from({ length: 9 }, () => ({ topic: 'in' }));
  for (const overflow of ['dead-letter', 'drop-newest', 'drop-oldest', 'reject']) {
    const dir = await leave(t, left);
    const limits = `[limits]\nqueue = 2\noverflow = "${overflow}"\n`;
    const { hub, ran } = await start(t, dir, `[[trigger]]\ntopic = "in"\n${limits}`);
    t.strictSame(
      ran(),
      left.map((_, i) => `old${i}`),
      overflow,
    );
    await hub.close();
  }
});

t.test('the time an event may wait goes on while the hub is away', async (t) => {
  const dir = await leave(t, [
    { topic: 'in', arrivedAtMs: 1_000 },
    { topic: 'in', arrivedAtMs: 4_500 },
  ]);
  const { hub, ran } = await start(t, dir, 'schedule.ttl = "2 s"\n[[trigger]]\ntopic = "in"\n');
  t.strictSame(ran(), ['old1']);
  t.equal(hub.counts.dropped.expired, 1);
});

t.test('with the clock set back an hour meanwhile nothing is lost, and nothing expires before its time', async (t) => {
  const hour = 3_600_000;
  const dir = await leave(t, [
    { topic: 'in', arrivedAtMs: hour },
    { topic: 'in', arrivedAtMs: hour + 1_000 },
  ]);
  const { hub, ran } = await start(t, dir, 'schedule.ttl = "2 s"\n[[trigger]]\ntopic = "in"\n', 2_000);
  t.strictSame(ran(), ['old0', 'old1']);
  t.equal(hub.counts.dropped.expired, 0);
});

t.test('what nothing wakes on any more is kept as a dead letter, for the task may only be missing', async (t) => {
  const dir = await leave(t, [{ topic: 'in' }, { topic: 'in' }]);
  const without = await start(t, dir, '[[trigger]]\ntopic = "elsewhere"\n');
  const { letters } = without.hub.control;
  t.match(letters.list({ limit: 10 }), [
    { task: 'task', topic: 'in', reason: 'no-task', attempts: 0 },
    { task: 'task', topic: 'in', reason: 'no-task' },
  ]);
  t.match(letters.get({ kind: 'run', number: 1 }), { evidence: /no task \\"task\\" that wakes on \\"in\\"/ });
  await without.hub.close();
  const back = await start(t, dir, '[[trigger]]\ntopic = "in"\n');
  t.same(back.ran(), []);
  await back.hub.control.letters.redriveAll('task');
  back.timer.pass(0);
  await turns();
  t.same(back.ran(), ['old0', 'old1']);
});
