/** Those who are not known, and those who take nothing. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openReplicaFolder } from '../../provider/replica/replica-folder.js';
import { newSigningKey } from '../../provider/protocol/index.js';
import { listen } from '../../provider/websocket-server.js';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';
import { providerUnderTest } from './provider-under-test.js';
import { RawHub, runOf, specOf } from './raw-hub.js';

t.setTimeout(60_000);

const PATIENT = { helloMs: 60_000, heartbeatMs: 1_000, leaseMs: 60_000 };

/** A WebSocket by hand. @returns what sends a frame of this many bytes, of which only some follow. */
async function socketTo(t: Test, port: number) {
  const socket = connect({ host: '127.0.0.1', port });
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  const key = Buffer.alloc(16, 1).toString('base64');
  const upgrade = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  socket.write(`GET / HTTP/1.1\r\n${upgrade.join('\r\n')}\r\nSec-WebSocket-Key: ${key}\r\n\r\n`);
  await once(socket, 'data');
  return {
    socket,
    begin: (length: number, sent: number) => {
      const head = Buffer.alloc(14);
      head[0] = 0x82;
      head[1] = 0xff;
      head.writeBigUInt64BE(BigInt(length), 2);
      socket.write(Buffer.concat([head, Buffer.alloc(sent)]));
    },
  };
}

t.test('of who is not known, no more than a hello is kept', async (t) => {
  const provider = await providerUnderTest(t, { times: PATIENT });
  const { socket, begin } = await socketTo(t, provider.port);
  begin(8_000_000, 100_000);
  await until('it is cut', 10_000, () => socket.destroyed);
  const slow = await socketTo(t, provider.port);
  slow.begin(8_000_000, 1_000);
  const hub = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  const { component } = await builtTask('test/fixtures/guests/counter');
  await hub.configure(1, [specOf('counter', component)], component);
  await hub.next('ready');
  t.notOk(slow.socket.destroyed, 'one that is slow has its time');
});

t.test('who is not known is told nothing of the provider’s machine', async (t) => {
  const provider = await providerUnderTest(t, { times: PATIENT });
  const token = await provider.invite();
  rmSync(join(provider.dataDir, 'invitations'), { recursive: true });
  const hub = new RawHub(token, newSigningKey());
  t.teardown(() => hub.cut());
  hub.send(hub.hello(await hub.connect()));
  t.match(await hub.refusal(), /^internal: The provider is at fault/);
  t.match(provider.seen, [{ kind: 'refused', message: /no such file or directory.*invitations/ }]);
});

t.test('who asks and takes no answer is let go', async (t) => {
  const provider = await providerUnderTest(t, { times: PATIENT });
  let bufferedBytes = 0;
  const full = await listen(
    { host: '127.0.0.1', port: 0, tls: undefined, connections: 8 },
    {
      accept: (link) =>
        provider.provider.accept(Object.create(link, { bufferedBytes: { get: () => bufferedBytes } }) as typeof link),
    },
  );
  t.teardown(() => full.close());
  const hub = new RawHub({ ...(await provider.invite()), url: `ws://127.0.0.1:${full.port}` }, newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  hub.send({ type: 'beat', beat: 1 });
  await hub.next('beat');
  bufferedBytes = 65 * 1024 * 1024;
  hub.send({ type: 'beat', beat: 2 });
  t.match(await hub.refusal(), /^window: The link takes nothing/);
});

t.test('of a hub that says too much in a second, the rest waits on the wire until the next', async (t) => {
  const provider = await providerUnderTest(t, { times: PATIENT, policy: { messagesPerSecond: 100 } });
  let pauses = 0;
  const slowed = await listen(
    { host: '127.0.0.1', port: 0, tls: undefined, connections: 8 },
    {
      accept: (link) => {
        const pause = (): void => {
          pauses++;
          link.pause();
        };
        return provider.provider.accept(Object.create(link, { pause: { value: pause } }) as typeof link);
      },
    },
  );
  t.teardown(() => slowed.close());
  const hub = new RawHub({ ...(await provider.invite()), url: `ws://127.0.0.1:${slowed.port}` }, newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  for (let beat = 1; beat <= 250; beat++) hub.send({ type: 'beat', beat });
  while ((await hub.next('beat')).beat < 250);
  t.ok(pauses > 0, `it was paused ${pauses} times`);
});

t.test('the first runs of a hub, which may be long, leave a thread to others', async (t) => {
  const provider = await providerUnderTest(t, { times: PATIENT, threads: 2 });
  const { component: spin } = await builtTask('guest-tasks/rogue/spin');
  const { component: counter } = await builtTask('test/fixtures/guests/counter');
  const hubs = [];
  for (let i = 0; i < 2; i++) {
    const hub = new RawHub(await provider.invite(), newSigningKey());
    t.teardown(() => hub.cut());
    await hub.open();
    hubs.push(hub);
  }
  const [greedy, other] = hubs;
  if (greedy === undefined || other === undefined) throw new Error('there are two');
  const limits = { ...specOf('spin', spin).limits, fuel: 1_000_000_000_000, deadlineMs: 8_000 };
  await greedy.configure(1, [specOf('spin', spin, { limits })], spin);
  await greedy.next('ready');
  await other.configure(1, [specOf('counter', counter)], counter);
  await other.next('ready');
  greedy.send({ type: 'runs', runs: [runOf(1, 'spin'), runOf(2, 'spin')] });
  greedy.send({ type: 'beat', beat: 1 });
  await greedy.next('beat');
  other.send({ type: 'runs', runs: [runOf(1, 'counter')] });
  t.match((await other.next('outcomes')).outcomes, [{ n: 1, outcome: { kind: 'completed' } }]);
  t.notOk(
    greedy.received.some(({ type }) => type === 'outcomes'),
    'before any of them was over',
  );
});

t.test('a provider that is started a second time takes no state from the first', (t) => {
  const parent = join(t.testdir({}), 'replicas');
  const [mine, running] = [process.pid, process.ppid];
  for (const name of ['999999999', String(running), String(mine), '0-0.log']) {
    mkdirSync(join(parent, name, 'inner'), { recursive: true });
  }
  const folder = openReplicaFolder(parent, mine);
  t.strictSame(new Set(readdirSync(parent)), new Set([String(running), String(mine)]));
  t.ok(existsSync(join(parent, String(running), 'inner')));
  t.strictSame(readdirSync(folder), []);
  t.end();
});
