import t from 'tap';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { hubSide } from './hub-side.js';

t.setTimeout(150_000);

const COUNTER = 'test/fixtures/guests/counter';
const THERMOSTAT = 'guest-tasks/thermostat';

t.test('hundreds of runs at once come home, each with its own answer', async (t) => {
  const provider = await providerUnderTest(t, { policy: { window: 32 } });
  const hub = await hubSide(t, { tokens: [await provider.invite()], tasks: [COUNTER] });
  await hub.ready('counter');
  const texts = Array.from({ length: 500 }, (_, i) => `text ${i}`);
  const results = await Promise.all(
    texts.map((payload) => hub.runtime.run(hub.request('counter', { topic: 'in/a', payload }))),
  );
  const payloads = results.map(({ effects }) => {
    const publish = effects.find(({ kind }) => kind === 'publish');
    return publish !== undefined && 'payload' in publish ? Buffer.from(publish.payload).toString() : '';
  });
  t.strictSame(
    payloads,
    texts.map((text) => `1 ${text}`),
  );
});

t.test('topics that are local or private never leave, and tasks that keep memory stay', async (t) => {
  const provider = await providerUnderTest(t);
  const app = '[placement]\ndefault = "prefer-remote"\nchecked = 0\nprivate = ["zigbee2mqtt/+/climate"]\n';
  const hub = await hubSide(t, { tokens: [await provider.invite()], tasks: [COUNTER, THERMOSTAT], app });
  await hub.ready('counter');
  const secret = hub.request('counter', { topic: 'local/a' });
  await hub.runtime.run(secret);
  t.match(hub.placement.explain(secret.runId), [{ side: 'local', reason: 'its topic local/a is local' }]);
  t.match(
    hub.placement.plan.find(({ task }) => task === 'thermostat'),
    {
      isRemote: false,
      reason: 'It stays here, as its trigger zigbee2mqtt/+/climate may bring what must not leave the hub.',
    },
  );
});

t.test('a session follows what the hub is under, and loses no run', async (t) => {
  const provider = await providerUnderTest(t);
  const app = '[placement]\ndefault = "prefer-remote"\nchecked = 0\n';
  const hub = await hubSide(t, { tokens: [await provider.invite()], tasks: [COUNTER], app });
  await hub.ready('counter');
  const runs: Promise<string>[] = [];
  const begin = async (): Promise<string> => {
    const request = hub.request('counter', { topic: 'in/a' });
    const { outcome } = await hub.runtime.run(request);
    return `${outcome.kind} ${hub.placement.explain(request.runId).at(-1)?.side}`;
  };
  for (let i = 0; i < 40; i++) {
    runs.push(begin());
    if (i % 10 === 5) hub.placement.adapt({ onBattery: false, metered: i % 20 === 5 });
  }
  const ends = await Promise.all(runs);
  t.ok(ends.every((end) => end.startsWith('completed')));
  hub.placement.adapt({ onBattery: false, metered: true });
  t.equal(await begin(), 'completed local', 'on a metered network it stays');
  hub.placement.adapt({ onBattery: false, metered: false });
  await hub.ready('counter');
  t.equal(await begin(), 'completed remote');
  t.equal(hub.placement.providers[0]?.state, 'open', 'in the same session');
  t.equal(provider.seen.filter(({ kind }) => kind === 'session-began').length, 1);
});
