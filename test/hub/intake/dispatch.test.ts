import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { hubUnderTest, turns } from '../hub-under-test.js';

const TRIGGER = '[[trigger]]\ntopic = "x/{n}"\n';
/** Makes the task one that sees its own earlier runs. */
const STATE = '[grants]\nbuckets = { default = "read-write" }\n';

t.test('mode queued: events of a key wait their turn, in order', async (t) => {
  const { send, running, answer, hub } = await hubUnderTest(t, `${TRIGGER}${STATE}`);
  for (const text of ['1', '2', '3']) send('x/a', text);
  for (const text of ['1', '2', '3']) {
    await turns();
    t.same(running(), [text]);
    answer(text);
  }
  await turns();
  t.equal(hub.counts.runs.completed, 3);
});

t.test('mode single: while one of a key waits or runs, others of it are dropped', async (t) => {
  const { send, running, answer, dropped, link, hub } = await hubUnderTest(
    t,
    `${TRIGGER}[schedule]\nmode = "single"\nconcurrency = 1\n`,
  );
  send('x/a', 'a1');
  send('x/a', 'a2');
  send('x/b', 'b1');
  send('x/b', 'b2');
  t.same(running(), ['a1'], 'b1 waits for the only place');
  t.same(dropped(), ['a2 busy', 'b2 busy']);
  await until('it is on disk', 10_000, () => link.acknowledged.length >= 4);
  t.equal(link.acknowledged.length, 4, 'a dropped event had its effect: it is acknowledged');
  t.equal(hub.counts.dropped.busy, 2);
  answer('a1');
  await turns();
  send('x/a', 'a3');
  answer('b1');
  await turns();
  t.same(running(), ['a3'], 'the key is free again');
});

t.test('mode latest: of those that wait only the last of a key runs, in the place of the first', async (t) => {
  const { send, started, answer, dropped } = await hubUnderTest(
    t,
    `${TRIGGER}[schedule]\nmode = "latest"\nconcurrency = 1\n`,
  );
  for (const [topic, text] of [
    ['x/a', 'a1'],
    ['x/a', 'a2'],
    ['x/b', 'b1'],
    ['x/a', 'a3'],
    ['x/b', 'b2'],
  ] as const)
    send(topic, text);
  t.same(dropped(), ['a2 superseded', 'b1 superseded']);
  for (let i = 0; i < 3; i++) {
    answer(started().at(-1) ?? '');
    await turns();
  }
  t.same(started(), ['a1', 'b2', 'a3'], 'a newer event does not lose the place that was waited for');
});

t.test('mode restart: a new event stops the one that runs, whose effects do not happen', async (t) => {
  const { send, running, answer, dropped, hub, link, seen } = await hubUnderTest(
    t,
    `${TRIGGER}[grants]\npublish = ["out"]\n[schedule]\nmode = "restart"\n`,
  );
  const effects = [{ kind: 'publish', topic: 'out', payload: Buffer.from('x'), qos: 0, retain: false }] as const;
  send('x/a', '1');
  send('x/b', 'other');
  send('x/a', '2');
  send('x/a', '3');
  t.same(dropped(), ['2 restarted']);
  // This runtime is slow to stop: the run completes all the same.
  answer('1', { effects });
  await turns();
  t.same(link.published, []);
  t.same(running(), ['other', '3']);
  t.match(
    seen.filter(({ kind }) => kind === 'run-finished'),
    [{ outcome: { kind: 'cancelled' }, effects: [] }],
  );
  answer('3', { effects });
  answer('other', { effects });
  await turns();
  await until('it is on disk', 10_000, () => link.published.length >= 2);
  t.equal(link.published.length, 2, 'the last one, and one of another key');
  t.equal(hub.counts.runs.cancelled, 1);
});

t.test('mode restart: the runtime is told to stop the run', async (t) => {
  const { send, runtime, answer } = await hubUnderTest(t, `${TRIGGER}[schedule]\nmode = "restart"\n`);
  send('x/a', '1');
  const [first] = runtime.signals;
  t.equal(first?.aborted, false);
  send('x/a', '2');
  t.equal(first?.aborted, true);
  answer('1');
  await turns();
  t.equal(runtime.signals[1]?.aborted, false, 'and not the next one');
});

t.test('mode parallel: runs of one key go beside one another', async (t) => {
  const { send, running, answer, hub } = await hubUnderTest(t, `${TRIGGER}${STATE}[schedule]\nmode = "parallel"\n`);
  for (const text of ['1', '2', '3']) send('x/a', text);
  t.same(running(), ['1', '2', '3']);
  answer('3');
  await turns();
  t.equal(hub.counts.runs.completed, 1, 'none waits for an earlier one');
});

t.test(
  'latest, of a trigger: an event takes the place of one that still waits, not of one of another trigger',
  async (t) => {
    const { send, started, answer, dropped } = await hubUnderTest(
      t,
      `${TRIGGER}latest = true\n[[trigger]]\ntopic = "y/{n}"\n[schedule]\nconcurrency = 1\n`,
    );
    send('x/a', 'x1');
    send('x/a', 'x2');
    send('y/a', 'y1');
    send('y/a', 'y2');
    send('x/a', 'x3');
    t.same(dropped(), ['x2 superseded']);
    for (let i = 0; i < 4; i++) {
      answer(started().at(-1) ?? '');
      await turns();
    }
    t.same(started(), ['x1', 'x3', 'y1', 'y2']);
  },
);

t.test('an event that has waited for its ttl is dropped when it would start, the others are not', async (t) => {
  const { send, running, answer, dropped, timer, hub } = await hubUnderTest(
    t,
    `${TRIGGER}[schedule]\nttl = "1 s"\nconcurrency = 1\n`,
  );
  send('x/a', 'slow');
  send('x/a', 'old');
  timer.pass(1);
  send('x/a', 'young');
  timer.pass(999);
  answer('slow');
  await turns();
  t.same(dropped(), ['old expired']);
  t.same(running(), ['young']);
  t.equal(hub.runs, 1, 'what is dropped is let go of');
  timer.pass(5_000);
  answer('young');
  await turns();
  t.equal(hub.counts.runs.completed, 2, 'a run that has begun does not expire');
});

t.test('overflow drop-newest: a full queue keeps what it has', async (t) => {
  const { send, answer, started, dropped, link } = await hubUnderTest(
    t,
    `${TRIGGER}[limits]\nqueue = 2\noverflow = "drop-newest"\n[schedule]\nconcurrency = 1\n`,
  );
  for (const text of ['1', '2', '3', '4']) send('x/a', text);
  t.same(dropped(), ['task-queue-full']);
  await until('it is on disk', 10_000, () => link.acknowledged.length >= 4);
  t.equal(link.acknowledged.length, 4);
  for (const text of ['1', '2', '3']) {
    answer(text);
    await turns();
  }
  t.same(started(), ['1', '2', '3']);
});

for (const [kind, extra] of [
  ['with state', STATE],
  ['without state', ''],
] as const) {
  t.test(`overflow drop-oldest: a full queue of a task ${kind} lets go of what has waited longest`, async (t) => {
    const { send, answer, started, running, dropped, hub, link } = await hubUnderTest(
      t,
      `${TRIGGER}${extra}[limits]\nqueue = 3\noverflow = "drop-oldest"\n[schedule]\nconcurrency = 2\n`,
    );
    send('x/a', 'a1');
    send('x/b', 'b1');
    for (const text of ['a2', 'c1', 'a3', 'd1', 'a4', 'd2']) send(`x/${text[0]}`, text);
    t.same(dropped(), ['a2 overflow', 'c1 overflow', 'a3 overflow']);
    t.equal(hub.runs, 5, 'two run, three wait');
    await until('it is on disk', 10_000, () => link.acknowledged.length >= 8);
    t.equal(link.acknowledged.length, 8);
    while (hub.runs > 0) {
      answer(running()[0] ?? '');
      await turns();
    }
    t.same([...started()].toSorted(), ['a1', 'a4', 'b1', 'd1', 'd2']);
    const place = (text: string): number => started().indexOf(text);
    t.ok(place('a1') < place('a4') && place('d1') < place('d2'), 'in order within a key');
    t.equal(hub.runs, 0);
  });
}

t.test(
  'overflow reject: at QoS 1 the event stays with the broker until there is room, in order of its topic',
  async (t) => {
    const { send, answer, started, link, hub, dropped } = await hubUnderTest(
      t,
      `${TRIGGER}[limits]\nqueue = 1\noverflow = "reject"\n[schedule]\nconcurrency = 1\n`,
    );
    for (const text of ['1', '2', '3', '4']) send('x/a', text);
    await until('it is on disk', 10_000, () => link.acknowledged.length >= 2);
    t.equal(link.acknowledged.length, 2, 'one runs, one waits');
    send('x/a', 'lost', 0);
    t.same(dropped(), ['task-queue-full'], 'at QoS 0 the broker would not keep it');
    t.equal(hub.counts.held, 2);
    for (const text of ['1', '2', '3', '4']) {
      answer(text);
      await turns();
    }
    t.same(started(), ['1', '2', '3', '4']);
    await until('it is on disk', 10_000, () => link.acknowledged.length >= 5);
    t.equal(link.acknowledged.length, 5);
    t.equal(hub.counts.runs.completed, 4);
  },
);

t.test('what waits in shaping counts as held work, and is run when the hub is told to stop', async (t) => {
  const { send, started, hub, link, timer, runtime } = await hubUnderTest(
    t,
    `${TRIGGER}debounce = { wait = "10 s" }\n`,
    () => ({}),
  );
  send('x/a', '1');
  send('x/a', '2');
  send('x/b', '3');
  t.equal(hub.runs, 2);
  await until('it is on disk', 10_000, () => link.acknowledged.length >= 3);
  t.equal(link.acknowledged.length, 3, 'a folded event is acknowledged as one that waits is');
  t.same(runtime.started, []);
  const closing = hub.close();
  t.same(started(), ['2', '3']);
  await closing;
  t.equal(timer.pending, 0);
});

t.test('an event that waits in shaping runs when its time has come', async (t) => {
  const { send, started, hub, timer } = await hubUnderTest(t, `${TRIGGER}debounce = { wait = "1 s" }\n`, () => ({}));
  send('x/a', '1');
  timer.pass(999);
  t.same(started(), []);
  timer.pass(1);
  await turns();
  t.same(started(), ['1']);
  t.equal(hub.runs, 0);
});

t.test('each event that does not run is told of with its task, its reason and what went instead', async (t) => {
  const { send, seen } = await hubUnderTest(t, `${TRIGGER}debounce = { wait = "1 s" }\n`);
  send('x/a', '1');
  send('x/a', '2');
  t.match(
    seen.filter(({ kind }) => kind === 'event-dropped'),
    [{ eventId: 'e0', topic: 'x/a', task: 'task', reason: 'debounced', by: 'e1' }],
  );
});

t.test('a task that wakes itself is cut after its hops, with the chain that led there', async (t) => {
  const { send, hub, link, seen } = await hubUnderTest(
    t,
    `[[trigger]]\ntopic = "loop/{n}"\n[limits]\nhops = 3\n[grants]\npublish = ["loop/+"]\n`,
    ({ event }) => ({
      effects: [{ kind: 'publish', topic: event.topic, payload: event.payload, qos: 1, retain: false }],
    }),
  );
  // As a broker does for a client that has subscribed to what it publishes.
  link.publish = (message) => {
    setImmediate(() => link.deliver(message.topic, { payload: message.payload }));
    return Promise.resolve();
  };
  send('loop/a', '1');
  send('loop/b', '1');
  while (hub.counts.dropped.loop < 2) await turns();
  t.equal(hub.counts.runs.completed, 8, 'each was woken once from outside and three times by itself');
  t.match(
    seen.filter(({ kind }) => kind === 'event-dropped'),
    [{ task: 'task', reason: 'loop', chain: ['task', 'task', 'task', 'task'] }, { topic: 'loop/b' }],
  );
  send('loop/a', '1');
  while (hub.counts.dropped.loop < 3) await turns();
  t.equal(hub.counts.runs.completed, 12, 'an event from outside begins anew');
});

t.test('overflow reject: what had waited in shaping cannot go back to the broker, and is not lost', async (t) => {
  const { send, hub, timer, started, answer, running } = await hubUnderTest(
    t,
    `${TRIGGER}debounce = { wait = "1 s" }\n[limits]\nqueue = 1\noverflow = "reject"\n[schedule]\nconcurrency = 1\n`,
  );
  for (const key of ['a', 'b', 'c', 'd']) send(`x/${key}`, key);
  timer.pass(1_000);
  while (hub.runs > 0) {
    answer(running()[0] ?? '');
    await turns();
  }
  t.same(started(), ['a', 'b', 'c', 'd']);
});

t.test('room that an expired event leaves is given to those held for it, before any newcomer', async (t) => {
  const { send, answer, started, running, runtime, timer, dropped } = await hubUnderTest(
    t,
    `${TRIGGER}[limits]\nqueue = 1\noverflow = "reject"\n[schedule]\nttl = "1 s"\n`,
  );
  runtime.slots = 1;
  send('x/a', 'runs');
  send('x/a', 'waits');
  timer.pass(999);
  send('x/a', 'held');
  timer.pass(1);
  runtime.slots = 2;
  // Refused itself, it makes the scheduler look: what waits has expired.
  send('x/a', 'lost', 0);
  send('x/a', 'newcomer');
  t.same(dropped(), ['task-queue-full', 'waits expired']);
  await turns();
  t.same(running(), ['runs', 'held'], 'no run had to end for it');
  answer('runs');
  await turns();
  t.same(started(), ['runs', 'held', 'newcomer']);
});
