/** A hub is killed at each moment of its work: here, its files are copied, and another hub starts with the copy. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { OutgoingMessage } from '../../hub/broker-link.js';
import { createHub, type Hub } from '../../hub/hub.js';
import { createLog } from '../../hub/log.js';
import { fakeLink, type FakeLink } from './fake-link.js';
import { fakeRuntime, type Behaviour, type FakeRuntime } from './fake-runtime.js';
import type { RunRequest } from '../../runtime/index.js';

const MANIFEST = `name = "echo"
version = "1.0.0"
component = "c.wasm"
[[trigger]]
topic = "in/+"
[grants]
publish = ["out"]
`;

/** Publishes the event's payload. */
const echo = ({ event }: RunRequest): Behaviour => ({
  effects: [{ kind: 'publish', topic: 'out', payload: event.payload, qos: 1, retain: false }],
});

interface Started {
  readonly hub: Hub;
  readonly link: FakeLink;
  readonly runtime: FakeRuntime;
}

interface StartOptions {
  readonly data: string;
  readonly behave?: (request: RunRequest) => Behaviour;
  readonly prefix?: string;
  readonly link?: FakeLink;
}

async function start(t: Test, dir: string, options: StartOptions): Promise<Started> {
  const tasks = join(dir, 'tasks', 'echo');
  mkdirSync(tasks, { recursive: true });
  writeFileSync(join(tasks, 'task.toml'), MANIFEST);
  writeFileSync(join(tasks, 'c.wasm'), 'echo');
  const link = options.link ?? fakeLink();
  const runtime = fakeRuntime(options.behave);
  let ids = 0;
  const hub = await createHub({
    taskDirs: [tasks],
    dataDir: join(dir, options.data),
    startRuntime: () => Promise.resolve(runtime),
    connect: (onMessage) => link.connect(onMessage),
    brokerName: 'mqtt://fake',
    clock: () => 5_000,
    newEventId: () => `${options.prefix ?? 'e'}${ids++}`,
    newSeed: () => 7,
    observe: () => undefined,
    log: createLog('silent'),
    drainMs: 0,
  });
  t.teardown(() => hub.close());
  return { hub, link, runtime };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not happen within 5 s');
    await turn();
  }
}

const idsOf = (messages: readonly OutgoingMessage[]): readonly string[] =>
  messages.map(({ origin }) => origin?.id ?? '');

t.test('runs that were not over begin anew, with the same id, seed and clock', async (t) => {
  const dir = t.testdir({});
  const first = await start(t, dir, { data: 'one' });
  for (const n of [0, 1, 2]) first.link.deliver(`in/${n}`, { payload: Buffer.from(`${n}`) });
  await until(() => first.link.acknowledged.length === 3 && first.runtime.pending.length === 3);
  const [request] = first.runtime.pending.filter(({ event }) => event.topic === 'in/0');
  first.runtime.answer({}, request);
  await until(() => first.hub.counts.runs.completed === 1);
  const before = first.runtime.pending.map(({ runId, seed, clockMs, event }) => ({ runId, seed, clockMs, event }));
  t.equal(await first.hub.close(), 2);
  const second = await start(t, dir, { data: 'one' });
  await until(() => second.runtime.pending.length === 2);
  t.same(
    second.runtime.pending.map(({ runId, seed, clockMs, event }) => ({ runId, seed, clockMs, event })),
    before,
  );
});

t.test('what was not published is, by the next hub, under the same id', async (t) => {
  const dir = t.testdir({});
  const stuck = fakeLink();
  const tried: OutgoingMessage[] = [];
  stuck.publish = (message) => {
    tried.push(message);
    return new Promise(() => undefined);
  };
  const first = await start(t, dir, { data: 'one', behave: echo, link: stuck });
  for (const n of [0, 1, 2]) first.link.deliver(`in/${n}`, { payload: Buffer.from(`${n}`) });
  await until(() => tried.length === 3);
  await first.hub.close();
  const second = await start(t, dir, { data: 'one' });
  await until(() => second.link.published.length === 3);
  t.same(second.link.published, tried, 'in the same order');
  await second.hub.close();
  const third = await start(t, dir, { data: 'one' });
  await turn();
  t.same(third.link.published, [], 'once the broker has it, it is gone');
});

t.test('a run that begins anew still knows which tasks led to it', async (t) => {
  const dir = t.testdir({});
  const first = await start(t, dir, { data: 'one' });
  first.link.deliver('in/0', { chain: 'other,echo' });
  await until(() => first.link.acknowledged.length === 1);
  await first.hub.close();
  const second = await start(t, dir, { data: 'one', behave: echo });
  await until(() => second.link.published.length === 1);
  t.match(second.link.published, [{ origin: { chain: 'other,echo,echo' } }]);
});

t.test('a message that the broker refuses holds up no other', async (t) => {
  const dir = t.testdir({});
  const link = fakeLink();
  const publish = link.publish.bind(link);
  link.publish = (message) => {
    if (Buffer.from(message.payload).toString() !== '1') return publish(message);
    return Promise.reject(Object.assign(new Error('too many levels'), { code: 'publish-refused' }));
  };
  const first = await start(t, dir, { data: 'one', behave: echo, link });
  for (const n of [0, 1, 2]) link.deliver(`in/${n}`, { payload: Buffer.from(`${n}`) });
  await until(() => link.published.length === 2 && first.hub.counts.publishFailed === 1);
  await first.hub.close();
  const second = await start(t, dir, { data: 'one' });
  await turn();
  t.same(second.link.published, [], 'it is not tried again');
});

t.test('a hub killed at any moment acts once on each event that it was sent', async (t) => {
  const dir = t.testdir({});
  const connection = {};
  const { link } = await start(t, dir, { data: 'live', behave: echo, prefix: 'live' });
  const events = 12;
  const sent: number[] = [];
  const moments: { data: string; published: readonly string[]; acknowledged: ReadonlySet<string>; sent: number }[] = [];
  for (let step = 0; link.published.length < events || link.acknowledged.length < events; step++) {
    if (step > 500) throw new Error('it does not end');
    if (sent.length < events) {
      const n = sent.length;
      sent.push(n);
      link.deliver(`in/${n}`, { payload: Buffer.from(`${n}`), packet: { id: n + 1, connection } });
    }
    const data = `killed-${step}`;
    cpSync(join(dir, 'live'), join(dir, data), { recursive: true, filter: (file) => !/lock|-shm/.test(file) });
    const acknowledged = new Set(link.acknowledged);
    moments.push({ data, published: idsOf(link.published), acknowledged, sent: sent.length });
    await turn();
  }
  let repeated = 0;
  for (const moment of moments) {
    const after = await start(t, dir, { data: moment.data, behave: echo, prefix: 'after' });
    const again = {};
    for (let n = 0; n < moment.sent; n++) {
      if (moment.acknowledged.has(`in/${n}`)) continue;
      const packet = { id: n + 1, connection: again };
      after.link.deliver(`in/${n}`, { payload: Buffer.from(`${n}`), dup: true, packet });
    }
    const acted = (): ReadonlySet<string> => new Set([...moment.published, ...idsOf(after.link.published)]);
    await until(() => acted().size >= moment.sent && after.hub.runs === 0);
    repeated += after.hub.counts.repeatedDeliveries;
    await after.hub.close();
    if (acted().size !== moment.sent) t.equal(acted().size, moment.sent, `killed at ${moment.data}`);
  }
  t.ok(repeated > 0, `${repeated} events were stored and not acknowledged`);
});
