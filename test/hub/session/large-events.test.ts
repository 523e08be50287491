import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { encodeFrame, encodeHubMessage, newSigningKey } from '../../../provider/protocol/index.js';
import { decodeFrame } from '../../../provider/protocol/frame.js';
import { builtTask } from '../../runtime/built-task.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { RawHub, runOf, specOf } from '../../provider/raw-hub.js';
import { hubSide } from './hub-side.js';

t.setTimeout(60_000);

const COUNTER = 'test/fixtures/guests/counter';

t.test('large events wait here while the provider holds as much as it takes', async (t) => {
  const provider = await providerUnderTest(t, { policy: { queuedBytes: 1_500_000 } });
  const limits = { outputBytes: 2_000_000, memoryBytes: 64 * 1024 * 1024, fuel: 1_000_000_000 };
  const hub = await hubSide(t, { tokens: [await provider.invite()], tasks: [COUNTER], limits });
  await hub.ready('counter');
  const payload = Buffer.alloc(400_000, 'x');
  const runs = Array.from({ length: 12 }, () => hub.runtime.run(hub.request('counter', { topic: 'in/a', payload })));
  const results = await Promise.all(runs);
  t.ok(results.every(({ outcome }) => outcome.kind === 'completed'));
  t.equal(provider.seen.filter(({ kind }) => kind === 'session-ended').length, 0);
});

t.test('a run that waits does not keep the message that it came with', async (t) => {
  setFlagsFromString('--expose-gc');
  const { component } = await builtTask(COUNTER);
  const times = { helloMs: 60_000, heartbeatMs: 1_000, leaseMs: 60_000 };
  const provider = await providerUnderTest(t, { times });
  const hub = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  await hub.configure(1, [specOf('counter', component)], component);
  await hub.next('ready');
  const used = (): number => {
    runInNewContext('gc()');
    return process.memoryUsage().arrayBuffers;
  };
  const before = used();
  const [runs, junk] = [40, Buffer.alloc(4_000_000)];
  for (let n = 0; n < runs; n++) {
    const message = encodeHubMessage({ type: 'runs', runs: [runOf(n, 'counter', { revision: 9 })] });
    const { header, parts } = decodeFrame(message);
    hub.sendBytes(encodeFrame({ header, parts: [...parts, junk] }));
    hub.send({ type: 'beat', beat: n });
    await hub.next('beat');
  }
  const grown = used() - before;
  t.ok(grown < 5 * junk.length, `${grown} bytes more, for ${runs} small runs`);
});
