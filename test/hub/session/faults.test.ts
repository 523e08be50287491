/** A link that is cut, slow or dead, between a hub and a provider with real parts. */
import t, { type Test } from 'tap';
import { startShapingProxy, type ShapingProxy } from '../../../sim/shaping-proxy.js';
import { newSigningKey } from '../../../provider/protocol/index.js';
import { paddedComponent } from '../../provider/padded-component.js';
import { until } from '../../runtime/eventually.js';
import {
  providerUnderTest,
  type ProviderTestOptions,
  type ProviderUnderTest,
} from '../../provider/provider-under-test.js';
import { hubSide, type HubSide, type HubSideOptions } from './hub-side.js';

t.setTimeout(150_000);

const COUNTER = 'test/fixtures/guests/counter';
/** More than what may be on its way at once, several times. */
const SIZE = 6_000_000;
const SPIN = 'guest-tasks/rogue/spin';
const PREFER_REMOTE = '[placement]\ndefault = "prefer-remote"\nchecked = 0\n';

interface Scene {
  readonly provider: ProviderUnderTest;
  readonly proxy: ShapingProxy;
  readonly hub: HubSide;
}

async function scene(
  t: Test,
  options: Omit<HubSideOptions, 'tokens'>,
  atProvider: ProviderTestOptions = {},
  shape: Parameters<ShapingProxy['shape']>[0] = {},
): Promise<Scene> {
  const provider = await providerUnderTest(t, atProvider);
  const proxy = await startShapingProxy({ host: '127.0.0.1', port: provider.port });
  t.teardown(() => proxy.close());
  proxy.shape(shape);
  const token = { ...(await provider.invite()), url: `ws://127.0.0.1:${proxy.port}` };
  return { provider, proxy, hub: await hubSide(t, { ...options, tokens: [token] }) };
}

t.test('an upload that is cut goes on where it was', async (t) => {
  const change = (component: Uint8Array): Uint8Array => paddedComponent(component, SIZE, 'padding');
  const { proxy, hub } = await scene(t, { tasks: [COUNTER], change }, {}, { bytesPerMs: 2_000 });
  const uploaded = (): number => hub.placement.providers[0]?.uploadedBytes ?? 0;
  await until('a part is there', 60_000, () => uploaded() > (3 * SIZE) / 4);
  proxy.cut();
  await until('there is another session', 30_000, () => proxy.connections === 1);
  proxy.shape({ bytesPerMs: Infinity });
  await hub.ready('counter');
  t.ok(uploaded() < 1.5 * SIZE, `${uploaded()} bytes were sent of ${SIZE}: not all of it twice`);
});

t.test('a run whose link is cut runs here, and has one outcome', async (t) => {
  const limits = { fuel: 1_000_000_000_000, deadlineMs: 1_000 };
  const { provider, proxy, hub } = await scene(t, { tasks: [SPIN, COUNTER], app: PREFER_REMOTE, limits });
  await hub.ready('spin');
  const request = hub.request('spin', { topic: 'rogue/spin/poke' });
  const run = hub.runtime.run(request);
  await until('it is there', 5_000, () => hub.placement.providers[0]?.runs === 1);
  proxy.cut();
  t.match((await run).outcome, { kind: 'deadline' });
  t.match(
    hub.placement.explain(request.runId).map(({ side }) => side),
    ['remote', 'local'],
  );
  await hub.ready('counter');
  const again = hub.request('counter', { topic: 'in/a' });
  t.match((await hub.runtime.run(again)).outcome, { kind: 'completed' });
  t.match(hub.placement.explain(again.runId), [{ side: 'remote' }], 'and the provider is used again');
  await until('the provider has let go of the first session', 5_000, () => provider.provider.sessions === 1);
});

t.test('a link that is dead and not closed is found out within the lease', async (t) => {
  const times = { helloMs: 5_000, heartbeatMs: 200, leaseMs: 1_000 };
  const { provider, proxy, hub } = await scene(t, { tasks: [COUNTER], app: PREFER_REMOTE }, { times });
  await hub.ready('counter');
  proxy.shape({ isStalled: true });
  const request = hub.request('counter', { topic: 'in/a' });
  t.match((await hub.runtime.run(request)).outcome, { kind: 'completed' });
  t.match(
    hub.placement.explain(request.runId).map(({ side }) => side),
    ['remote', 'local'],
  );
  await until('the provider has found out, too', 10_000, () =>
    provider.seen.some((one) => one.kind === 'session-ended' && one.code === 'lease'),
  );
  proxy.shape({ isStalled: false });
  await hub.ready('counter');
});

t.test('state that changed while there was no link is there afterwards', async (t) => {
  const { proxy, hub } = await scene(t, { tasks: [COUNTER], app: PREFER_REMOTE });
  await hub.ready('counter');
  const bucket = 'task/counter/default';
  hub.write(bucket, 'a', '\u0003\0\0\0\0\0\0\0');
  await hub.runtime.run(hub.request('counter', { topic: 'in/a' }));
  proxy.shape({ isStalled: true });
  proxy.cut();
  hub.write(bucket, 'a', '\u0008\0\0\0\0\0\0\0');
  proxy.shape({ isStalled: false });
  await until('there is another session', 30_000, () => proxy.connections === 1);
  await hub.ready('counter');
  const request = hub.request('counter', { topic: 'in/a', payload: 'x' });
  const there = await hub.runtime.run(request);
  t.match(hub.placement.explain(request.runId), [{ side: 'remote' }]);
  t.strictSame(there.reads, (await hub.local.run(request)).reads);
});

t.test('a provider that is gone and comes back on the same address serves again', async (t) => {
  const key = newSigningKey();
  const first = await providerUnderTest(t, { key });
  const token = await first.invite();
  const hub = await hubSide(t, { tokens: [token], tasks: [COUNTER] });
  await hub.ready('counter');
  await first.close();
  // Remote only: it waits.
  const waiting = hub.runtime.run(hub.request('counter', { topic: 'in/a', payload: 'late' }));
  await providerUnderTest(t, { key, port: first.port, dataDir: first.dataDir });
  t.match((await waiting).outcome, { kind: 'completed' });
});
