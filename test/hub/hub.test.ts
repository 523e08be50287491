import t from 'tap';
import type { Observation } from '../../hub/observations.js';
import { createHub } from '../../hub/hub.js';
import { EXECUTION_BOUNDS } from '../../hub/execution/limits.js';
import { INTAKE_BOUNDS } from '../../hub/intake/limits.js';
import { MANIFEST_BOUNDS } from '../../hub/manifest/limits.js';
import { QUEUE_BOUNDS } from '../../hub/queue/limits.js';
import { createLog } from '../../hub/log.js';
import type { RunRequest } from '../../runtime/index.js';
import { fakeLink } from './fake-link.js';
import { fakeRuntime, type Behaviour } from './fake-runtime.js';
import { testHub } from './hub-under-test.js';

/** Lets everything happen that needs no more than the event loop. */
async function settled(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not happen within 5 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const ofKind = <K extends Observation['kind']>(
  seen: readonly Observation[],
  kind: K,
): Extract<Observation, { kind: K }>[] =>
  seen.filter((one): one is Extract<Observation, { kind: K }> => one.kind === kind);

const LIGHT = `name = "light"
[[trigger]]
topic = "home/{room}/motion"
[grants]
publish = ["home/+/light/set"]
buckets = { default = "read-write" }
`;

const on = (request: RunRequest): Behaviour => ({
  effects: [
    {
      kind: 'publish',
      topic: `home/${request.event.captures['room']}/light/set`,
      payload: Buffer.from('ON'),
      qos: 1,
      retain: false,
    },
  ],
});

t.test('an event becomes a run, and what the run published comes out', async (t) => {
  const { hub, link, runtime, seen } = await testHub(t, { tasks: { light: LIGHT }, behave: on });
  t.same(link.subscriptions, [{ filter: 'home/+/motion', qos: 1 }]);
  link.deliver('home/hall/motion', { payload: Buffer.from('{}') });
  t.same(link.acknowledged, [], 'not before it is on disk');
  await settled(() => link.published.length === 1);
  t.same(link.acknowledged, ['home/hall/motion']);
  t.match(link.published, [{ topic: 'home/hall/light/set', qos: 1 }]);
  t.match(runtime.started, [
    {
      runId: 'e0/light',
      task: 'light',
      attempt: 1,
      clockMs: 5_000,
      seed: 7,
      subjects: 'verbatim',
      event: { id: 'e0', topic: 'home/hall/motion', captures: { room: 'hall' }, arrivedAtMs: 1_000 },
    },
  ]);
  t.match(ofKind(seen, 'run-finished'), [{ task: 'light', outcome: { kind: 'completed' }, totalMs: 4_000 }]);
  t.match(hub.counts, { received: 1, runs: { completed: 1 }, published: 1 });
});

t.test('runs that keep their memory say which is theirs, and go one at a time', async (t) => {
  const keeps = (name: string): string =>
    `name = "${name}"\nisolation = "key"\n[[trigger]]\ntopic = "home/{room}/motion"\n`;
  const { link, runtime } = await testHub(t, { tasks: { one: keeps('one'), two: keeps('two') } });
  link.deliver('home/hall/motion');
  link.deliver('home/hall/motion');
  link.deliver('home/attic/motion');
  await settled(() => runtime.pending.length === 4);
  const keys = runtime.pending.map(({ isolationKey }) => isolationKey);
  t.same(new Set(keys), new Set(['one/attic', 'one/hall', 'two/attic', 'two/hall']));
});

t.test('a task that cannot be deployed is reported and the others run', async (t) => {
  const { hub, seen } = await testHub(t, {
    tasks: {
      a: 'name = "twin"\n[[trigger]]\ntopic = "a"\n',
      b: 'name = "twin"\n[[trigger]]\ntopic = "a"\n',
      c: 'nam = "c"\n',
      refused: 'name = "refused"\n[[trigger]]\ntopic = "a"\n',
    },
    behave: () => ({}),
  });
  t.same(
    hub.tasks.map((task) => task.manifest.name),
    ['twin'],
  );
  t.match(ofKind(seen, 'task-refused'), [
    { problems: [/another task is called "twin"/] },
    { problems: [/name: is missing/, /trigger: is missing/, /nam: there is no such key/] },
    { problems: [/refused imports what no task gets/] },
  ]);
});

t.test('an event that no run can come of is refused, counted and acknowledged', async (t) => {
  const { hub, link } = await testHub(t, { tasks: { light: LIGHT }, behave: on });
  link.deliver('elsewhere');
  link.deliver('home/hall/motion', { payload: new Uint8Array(INTAKE_BOUNDS.payloadBytes + 1) });
  link.deliver('home/big/motion', { payload: new Uint8Array(INTAKE_BOUNDS.payloadBytes) });
  link.deliver('home/mib/motion', { payload: new Uint8Array(1_048_576) });
  await settled(() => link.published.length === 2);
  t.match(hub.counts.refused, { 'no-task': 1, 'payload-too-large': 1 });
  t.equal(link.acknowledged.length, 4);
});

t.test("events beyond a task's queue are refused for that task only", async (t) => {
  const { hub, link, runtime, seen } = await testHub(t, {
    tasks: {
      narrow: 'name = "narrow"\n[[trigger]]\ntopic = "x"\n[limits]\nqueue = 2\n[schedule]\nconcurrency = 1\n',
      wide: 'name = "wide"\n[[trigger]]\ntopic = "x"\n',
    },
  });
  for (let i = 0; i < 5; i++) link.deliver('x');
  t.equal(hub.counts.refused['task-queue-full'], 2, 'one runs, two wait');
  t.match(ofKind(seen, 'event-refused'), [{ task: 'narrow' }, { task: 'narrow' }]);
  await settled(() => link.acknowledged.length === 5);
  while (hub.runs > 0) {
    await settled(() => runtime.pending.length > 0);
    runtime.answer();
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(runtime.started.filter((request) => request.task === 'narrow').length, 3);
  t.equal(runtime.started.filter((request) => request.task === 'wide').length, 5);
});

t.test('a full hub keeps QoS 1 events unacknowledged until there is room, and drops QoS 0', async (t) => {
  const { hub, link, runtime } = await testHub(t, {
    tasks: {
      any: `name = "any"\n[[trigger]]\ntopic = "x/#"\n[schedule]\nkey = false\n[limits]\nqueue = ${MANIFEST_BOUNDS.maxTaskQueue}\n`,
    },
  });
  for (let i = 0; i < QUEUE_BOUNDS.queuedRuns; i++) link.deliver(`x/${i}`);
  await settled(() => link.acknowledged.length === QUEUE_BOUNDS.queuedRuns);
  link.deliver('x/late-0', { qos: 0 });
  t.equal(hub.counts.refused['hub-queue-full'], 1);
  link.acknowledged.length = 0;
  link.deliver('x/late-1');
  link.deliver('x/late-2');
  t.same(link.acknowledged, []);
  t.equal(hub.counts.held, 2);
  runtime.answer();
  await settled(() => link.acknowledged.length > 0);
  t.same(link.acknowledged, ['x/late-1']);
  runtime.answer();
  await settled(() => link.acknowledged.length > 1);
  t.same(link.acknowledged, ['x/late-1', 'x/late-2'], 'in order');
  runtime.slots = QUEUE_BOUNDS.queuedRuns;
  while (hub.runs > 0) {
    while (runtime.pending.length > 0) runtime.answer();
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(hub.counts.runs.completed, QUEUE_BOUNDS.queuedRuns + 2);
});

t.test('a run that does not complete has no effect', async (t) => {
  const { hub, link } = await testHub(t, {
    tasks: { light: LIGHT },
    behave: (request) => ({ ...on(request), outcome: { kind: 'out-of-fuel' } }),
  });
  link.deliver('home/hall/motion');
  await settled(() => hub.counts.runs['out-of-fuel'] === 1);
  t.same(link.published, []);
});

t.test('an effect that slipped past the runtime without a grant is denied', async (t) => {
  const { hub, link, seen } = await testHub(t, {
    tasks: { light: LIGHT },
    behave: () => ({
      effects: [{ kind: 'publish', topic: 'door/unlock', payload: Buffer.from(''), qos: 0, retain: false }],
    }),
  });
  link.deliver('home/hall/motion');
  await settled(() => hub.counts.runs.denied === 1);
  t.same(link.published, []);
  t.match(ofKind(seen, 'run-finished'), [{ outcome: { kind: 'denied', message: /door\/unlock/ }, effects: [] }]);
});

t.test('a run whose reads were overtaken runs again, with the same clock and seed', async (t) => {
  const bucket = 'task/count/default';
  const { hub, link, runtime, seen } = await testHub(t, {
    tasks: {
      count:
        'name = "count"\n[[trigger]]\ntopic = "x/{n}"\n[schedule]\nkey = false\n[grants]\nbuckets = { default = "read-write" }\n',
    },
  });
  const writes = (version: number): Behaviour => ({
    reads: [{ bucket, key: 'n', version }],
    effects: [{ kind: 'set', bucket, key: 'n', value: Buffer.from('x') }],
  });
  link.deliver('x/1');
  link.deliver('x/2');
  await settled(() => runtime.pending.length === 2);
  runtime.answer(writes(0));
  runtime.answer(writes(0));
  await settled(() => runtime.pending.length === 1);
  t.equal(hub.counts.runs.completed, 1);
  t.match(ofKind(seen, 'run-repeated'), [{ attempt: 1, executions: 1, bucket, key: 'n' }]);
  t.match(runtime.pending[0], { runId: 'e1/count', attempt: 1, clockMs: 5_000, seed: 7 });
  runtime.answer(writes(1));
  await settled(() => hub.counts.runs.completed === 2);
  t.equal(hub.runs, 0);
});

t.test('a run that never gets its turn fails after a bounded number of executions', async (t) => {
  const bucket = 'task/light/default';
  const { hub, link, runtime, seen } = await testHub(t, {
    tasks: { light: `${LIGHT}\n[retry]\nattempts = 1\n` },
    behave: () => ({ reads: [{ bucket, key: 'n', version: 99 }] }),
  });
  link.deliver('home/hall/motion');
  await settled(() => hub.counts.runs.failed === 1);
  t.equal(runtime.started.length, EXECUTION_BOUNDS.executions);
  t.match(ofKind(seen, 'run-finished'), [{ attempt: 1, outcome: { kind: 'failed', message: /others wrote "n"/ } }]);
});

t.test('a run that the runtime cannot take has failed, and the next ones run', async (t) => {
  let calls = 0;
  const { hub, link } = await testHub(t, {
    tasks: { light: `${LIGHT}\n[retry]\nattempts = 1\n` },
    behave: (request) => {
      calls++;
      if (calls === 1) throw new Error('no thread');
      return on(request);
    },
  });
  link.deliver('home/hall/motion');
  link.deliver('home/hall/motion');
  await settled(() => hub.counts.runs.completed === 1);
  t.equal(hub.counts.runs.failed, 1);
});

t.test('told to stop, it takes no more events, finishes what it holds, and closes', async (t) => {
  const { hub, link, runtime, seen } = await testHub(t, { tasks: { light: LIGHT } });
  link.deliver('home/hall/motion');
  link.deliver('home/hall/motion');
  const closing = hub.close();
  link.deliver('home/attic/motion');
  link.deliver('home/cellar/motion', { qos: 0 });
  await settled(() => link.acknowledged.length === 3);
  t.same(
    new Set(link.acknowledged),
    new Set(['home/hall/motion', 'home/cellar/motion']),
    'not the one that came too late',
  );
  for (let i = 0; i < 2; i++) {
    await settled(() => runtime.pending.length === 1);
    t.equal(link.closed, false);
    const [request] = runtime.pending;
    if (request !== undefined) runtime.answer(on(request));
  }
  t.equal(await closing, 0);
  t.equal(await hub.close(), 0, 'closing twice is closing once');
  t.equal(link.published.length, 2);
  t.ok(link.closed && runtime.closed);
  t.match(seen.slice(-1), [{ kind: 'stopped', left: 0 }]);
});

t.test('what is not finished in time is reported and has no effect', async (t) => {
  const bucket = 'task/light/default';
  const { hub, link, runtime, seen } = await testHub(t, { tasks: { light: LIGHT }, drainMs: 20 });
  link.deliver('home/hall/motion');
  t.equal(await hub.close(), 1);
  t.match(seen.slice(-1), [{ kind: 'stopped', left: 1 }]);
  runtime.answer({ effects: [{ kind: 'set', bucket, key: 'k', value: new Uint8Array(1) }] });
  await new Promise((resolve) => setImmediate(resolve));
  t.same(link.published, []);
  t.equal(ofKind(seen, 'run-finished').length, 0);
});

t.test('a hub that cannot connect closes what it had started', async (t) => {
  const link = fakeLink();
  link.connect = () => Promise.reject(new Error('no broker'));
  const runtime = fakeRuntime();
  const dir = t.testdir({});
  const start = createHub({
    taskDirs: [],
    dataDir: dir,
    startRuntime: () => Promise.resolve(runtime),
    connect: (onMessage) => link.connect(onMessage),
    brokerName: 'mqtt://fake',
    clock: () => 0,
    newEventId: () => 'e',
    newSeed: () => 0,
    observe: () => undefined,
    log: createLog('silent'),
  });
  await t.rejects(start, { message: 'no broker' });
  t.ok(runtime.closed);
});

t.test('a message that comes before the connection is announced is handled', async (t) => {
  const link = fakeLink();
  const connect = link.connect.bind(link);
  link.connect = async (onMessage) => {
    const connected = await connect(onMessage);
    link.deliver('home/hall/motion');
    await new Promise((resolve) => setImmediate(resolve));
    return connected;
  };
  await testHub(t, { tasks: { light: LIGHT }, behave: on, link });
  await settled(() => link.published.length === 1);
});

t.test('runs without state overlap within a key and publish in the order of their events', async (t) => {
  const { link, runtime } = await testHub(t, {
    tasks: { plain: 'name = "plain"\n[[trigger]]\ntopic = "in/{n}"\n[grants]\npublish = ["out/+"]\n' },
  });
  for (const payload of ['1', '2', '3']) link.deliver('in/a', { payload: Buffer.from(payload) });
  await settled(() => runtime.pending.length === 3);
  const say = (request: RunRequest): Behaviour => ({
    effects: [{ kind: 'publish', topic: 'out/a', payload: request.event.payload, qos: 0, retain: false }],
  });
  const [first, second, third] = [...runtime.pending] as [RunRequest, RunRequest, RunRequest];
  runtime.answer(say(third), third);
  runtime.answer(say(second), second);
  await new Promise((resolve) => setImmediate(resolve));
  t.same(link.published, [], 'later ones wait for the first');
  runtime.answer(say(first), first);
  await settled(() => link.published.length === 3);
  t.same(
    link.published.map(({ payload }) => Buffer.from(payload).toString()),
    ['1', '2', '3'],
  );
});

t.test('runs with state go one at a time within a key', async (t) => {
  const { link, runtime } = await testHub(t, { tasks: { light: LIGHT } });
  for (let i = 0; i < 3; i++) link.deliver('home/hall/motion');
  await settled(() => runtime.pending.length > 0);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(runtime.pending.length, 1);
  for (let started = 2; started <= 3; started++) {
    runtime.answer();
    await settled(() => runtime.started.length === started);
    t.equal(runtime.pending.length, 1);
  }
  runtime.answer();
});
