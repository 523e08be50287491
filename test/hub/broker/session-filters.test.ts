/** A broker that keeps a hub's session keeps its filters, also those that no task wants any more. */
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { connectBroker } from '../../../hub/broker/index.js';
import { BrokerError } from '../../../hub/broker/errors.js';
import type { BrokerLink, MessageHandler } from '../../../hub/broker-link.js';
import { createHub, type Hub } from '../../../hub/hub.js';
import { createLog } from '../../../hub/log.js';
import { SessionFilters } from '../../../hub/broker/session-filters.js';
import { openStore } from '../../../hub/store/index.js';
import { mosquittoMissing, startMosquitto } from '../../fixtures/mosquitto.js';
import { until } from '../../runtime/eventually.js';
import { fakeLink } from '../fake-link.js';
import { fakeRuntime } from '../fake-runtime.js';

interface Site {
  readonly dir: string;
  /** Which topics the tasks of this start wake on. */
  readonly topics: readonly string[];
  readonly connect: (onMessage: MessageHandler) => Promise<BrokerLink>;
}

async function startHub(t: Test, { dir, topics, connect }: Site): Promise<Hub> {
  rmSync(join(dir, 'tasks'), { recursive: true, force: true });
  for (const [i, topic] of topics.entries()) {
    const folder = join(dir, 'tasks', `t${i}`);
    mkdirSync(folder, { recursive: true });
    const toml = `name = "t${i}"\nversion = "1.0.0"\ncomponent = "c.wasm"\n[[trigger]]\ntopic = "${topic}"\n`;
    writeFileSync(join(folder, 'task.toml'), toml);
    writeFileSync(join(folder, 'c.wasm'), 'c');
  }
  let ids = 0;
  const hub = await createHub({
    taskDirs: [join(dir, 'tasks')],
    dataDir: join(dir, 'data'),
    startRuntime: () => Promise.resolve(fakeRuntime(() => ({}))),
    connect,
    brokerName: 'mqtt://broker',
    clock: Date.now,
    newEventId: () => `e${ids++}`,
    newSeed: () => 7,
    observe: () => undefined,
    log: createLog('silent'),
    drainMs: 0,
  });
  t.teardown(() => hub.close());
  return hub;
}

t.test('filters of an earlier start that nobody wants are given up, after the new ones are there', async (t) => {
  const dir = t.testdir({});
  const [first, second, third] = [fakeLink(), fakeLink(), fakeLink()];
  const one = await startHub(t, { dir, topics: ['a', 'b'], connect: (handler) => first.connect(handler) });
  t.same(first.unsubscribed, []);
  await one.close();
  const asked: string[] = [];
  const link: BrokerLink = {
    ...second,
    subscribe: async (wanted) => void asked.push(...wanted.map(({ filter }) => `+${filter}`)),
    unsubscribe: async (filters) => void asked.push(...filters.map((filter) => `-${filter}`)),
  };
  const two = await startHub(t, { dir, topics: ['b', 'c'], connect: () => Promise.resolve(link) });
  t.same(asked, ['+b', '+c', '-a']);
  await two.close();
  await startHub(t, { dir, topics: ['b', 'c'], connect: (handler) => third.connect(handler) });
  t.same(third.unsubscribed, [], 'once is enough');
});

t.test(
  'a filter is on disk before the broker is asked for it, and stays until the broker has let go of it',
  async (t) => {
    const dir = t.testdir({});
    const noted = (): readonly string[] => {
      const copy = join(dir, 'copy');
      rmSync(copy, { recursive: true, force: true });
      mkdirSync(copy);
      for (const file of ['state.db', 'state.db-wal']) copyIfThere(join(dir, 'data', file), join(copy, file));
      const store = openStore(join(copy, 'state.db'));
      const filters = store.filters();
      void store.close();
      return filters;
    };
    const before: (readonly string[])[] = [];
    const link = (fails: boolean): BrokerLink => ({
      ...fakeLink(),
      subscribe: async () => void before.push(noted()),
      unsubscribe: () => {
        before.push(noted());
        return fails ? Promise.reject(new Error('the hub is killed')) : Promise.resolve();
      },
    });
    const one = await startHub(t, { dir, topics: ['a'], connect: () => Promise.resolve(link(false)) });
    await one.close();
    await t.rejects(startHub(t, { dir, topics: ['b'], connect: () => Promise.resolve(link(true)) }));
    const three = await startHub(t, { dir, topics: ['b'], connect: () => Promise.resolve(link(false)) });
    t.same(before, [['a'], ['a', 'b'], ['a', 'b'], ['a', 'b'], ['a', 'b']]);
    t.same(noted(), ['b']);
    await three.close();
  },
);

t.test('a broker that does not let go of a filter keeps no hub from starting, and is asked again', async (t) => {
  const dir = t.testdir({});
  const one = await startHub(t, { dir, topics: ['a'], connect: (handler) => fakeLink().connect(handler) });
  await one.close();
  const refuses: BrokerLink = {
    ...fakeLink(),
    unsubscribe: () => Promise.reject(new BrokerError('unsubscribe-refused', 'no')),
  };
  const two = await startHub(t, { dir, topics: ['b'], connect: () => Promise.resolve(refuses) });
  await two.close();
  const link = fakeLink();
  await startHub(t, { dir, topics: ['b'], connect: (handler) => link.connect(handler) });
  t.same(link.unsubscribed, ['a']);
});

t.test('a filter that is wanted again while it is given up stays noted', async (t) => {
  const store = openStore(join(t.testdir({}), 'state.db'));
  t.teardown(() => store.close());
  let letGo = (): void => undefined;
  const gone = new Promise<void>((resolve) => (letGo = resolve));
  const link: BrokerLink = { ...fakeLink(), unsubscribe: () => gone };
  const filters = new SessionFilters({ link, store, log: createLog('silent') });
  await filters.subscribe(['a', 'b'].map((filter) => ({ filter, qos: 1 })));
  const removed = filters.unsubscribe(['a', 'b']);
  await filters.subscribe([{ filter: 'a', qos: 2 }]);
  letGo();
  await removed;
  t.same(store.filters(), ['a']);
});

t.test('Mosquitto queues nothing more for a task that is gone', { skip: mosquittoMissing() }, async (t) => {
  const broker = await startMosquitto();
  t.teardown(() => broker.close());
  const dir = t.testdir({});
  const connect = (onMessage: MessageHandler): Promise<BrokerLink> =>
    connectBroker({ url: broker.url, clientId: 'hub' }, onMessage);
  const sender = await connectBroker({ url: broker.url, clientId: 'sender', persistent: false }, () => undefined);
  const publish = (topic: string): Promise<void> =>
    sender.publish({ topic, payload: Buffer.from(topic), qos: 1, retain: false });
  const one = await startHub(t, { dir, topics: ['gone', 'stays'], connect });
  await one.close();
  const two = await startHub(t, { dir, topics: ['stays'], connect });
  await two.close();
  await publish('gone');
  await publish('stays');
  const three = await startHub(t, { dir, topics: ['stays'], connect });
  await until('what it still wants', 20_000, () => three.counts.runs.completed === 1);
  t.equal(three.counts.received, 1);
  await sender.close();
});

function copyIfThere(from: string, to: string): void {
  if (existsSync(from)) copyFileSync(from, to);
}
