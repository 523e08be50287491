/** A provider that beats and does not answer. */
import t from 'tap';
import { PLACEMENT_BOUNDS } from '../../../hub/placement/limits.js';
import { monotonicTimer, type Timer } from '../../../hub/timer.js';
import { createRuntime } from '../../../runtime/index.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { within } from '../../runtime/eventually.js';
import { hubSide } from './hub-side.js';

t.setTimeout(150_000);

const COUNTER = 'test/fixtures/guests/counter';

/** What is late in five seconds is late at once. */
const hasty: Timer = {
  nowMs: () => monotonicTimer.nowMs(),
  after: (ms, then) => monotonicTimer.after(ms === PLACEMENT_BOUNDS.lateMs ? 50 : ms, then),
};

t.test('its runs are executed here as well, once each, and the next ones do not go there', async (t) => {
  const held: (() => void)[] = [];
  let isStuck = false;
  const provider = await providerUnderTest(t, {
    startRuntime: async (options) => {
      const runtime = await createRuntime(options);
      const run = runtime.run.bind(runtime);
      runtime.run = async (request, signal) => {
        if (isStuck) await new Promise<void>((resolve) => held.push(resolve));
        return run(request, signal);
      };
      return runtime;
    },
  });
  const app = '[placement]\ndefault = "prefer-remote"\nchecked = 0\n';
  const hub = await hubSide(t, { tokens: [await provider.invite()], tasks: [COUNTER], app, timer: hasty });
  await hub.ready('counter');
  const sides = async (): Promise<readonly string[]> => {
    const request = hub.request('counter', { topic: 'in/a' });
    const { outcome } = await within('its result', 60_000, hub.runtime.run(request));
    t.equal(outcome.kind, 'completed');
    return hub.placement.explain(request.runId).map(({ side, reason }) => `${side}: ${reason}`);
  };
  t.match(await sides(), [/^remote: /], 'it is measured');
  isStuck = true;
  t.match(await sides(), [/^remote: /, /^local: p0 did not answer in time/]);
  t.match(await sides(), [/^local: no provider takes it now/]);
  t.match(hub.placement.providers, [{ state: 'open' }], 'its session goes on');
  isStuck = false;
  for (const goOn of held) goOn();
});
