/** Placement follows a link that changes: real parts, with a shaped link between them. */
import t from 'tap';
import { startShapingProxy } from '../../../sim/shaping-proxy.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { hubSide } from './hub-side.js';

t.setTimeout(120_000);

/** Work here counts so much that a quick link always wins, and one of a second never does. */
const APP = '[placement]\ndefault = "auto"\nchecked = 0\n[preferences]\nbattery = 100\n';
/** "Within seconds", on a machine that does much else. */
const SECONDS = 20_000;

t.test('runs leave a link that slows within seconds, do not flap, and come back', async (t) => {
  const times = { helloMs: 5_000, heartbeatMs: 200, leaseMs: 10_000 };
  const provider = await providerUnderTest(t, { times });
  const proxy = await startShapingProxy({ host: '127.0.0.1', port: provider.port });
  t.teardown(() => proxy.close());
  const token = { ...(await provider.invite()), url: `ws://127.0.0.1:${proxy.port}` };
  const hub = await hubSide(t, { tokens: [token], tasks: ['test/fixtures/guests/counter'], app: APP });
  hub.placement.adapt({ onBattery: true, metered: false });
  const side = async (): Promise<string | undefined> => {
    const request = hub.request('counter', { topic: 'in/a', payload: 'x' });
    await hub.runtime.run(request);
    return hub.placement.explain(request.runId).at(-1)?.side;
  };
  /** Runs one after the other, until twenty in a row are on that side. */
  const settlesOn = async (wanted: string): Promise<boolean> => {
    const endMs = performance.now() + SECONDS;
    for (let inARow = 0; performance.now() < endMs;) {
      inARow = (await side()) === wanted ? inARow + 1 : 0;
      if (inARow === 20) return true;
    }
    return false;
  };
  t.ok(await settlesOn('remote'), 'on a quick link they execute there');
  proxy.shape({ delayMs: 500 });
  t.ok(await settlesOn('local'), 'when it slows, here');
  let moves = 0;
  let last = 'local';
  for (const endMs = performance.now() + 3_000; performance.now() < endMs;) {
    const now = (await side()) ?? '';
    if (now !== last) moves++;
    last = now;
  }
  t.ok(moves <= 2, `${moves} moves in 3 s while nothing changed: one try, and back`);
  proxy.shape({ delayMs: 0 });
  t.ok(await settlesOn('remote'), 'when it is quick again, there');
});
