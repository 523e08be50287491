/** Runs of a task that may execute at a provider only, while none takes it. */
import t, { type Test } from 'tap';
import type { Logger } from '../../../hub/log.js';
import { PLACEMENT_BOUNDS } from '../../../hub/placement/limits.js';
import { monotonicTimer, type Timer } from '../../../hub/timer.js';
import { DEFAULT_POLICY } from '../../../provider/policy.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { until } from '../../runtime/eventually.js';
import { hubSide, type HubSide } from './hub-side.js';

t.setTimeout(150_000);

const COUNTER = 'test/fixtures/guests/counter';

/** What is said in ten seconds is said at once. */
const hasty: Timer = {
  nowMs: () => monotonicTimer.nowMs(),
  after: (ms, then) => monotonicTimer.after(ms === PLACEMENT_BOUNDS.tellWaitMs ? 1 : ms, then),
};

/** A hub that may use a provider with little fuel, and what its log has of runs that wait. */
async function scene(t: Test, app?: string): Promise<{ readonly hub: HubSide; readonly told: unknown[] }> {
  const policy = { limits: { ...DEFAULT_POLICY.limits, fuel: 1_000 } };
  const provider = await providerUnderTest(t, { policy });
  const told: unknown[] = [];
  const log = {
    info: () => undefined,
    warn: (fields: unknown, message: string) => (message.startsWith('runs wait') ? void told.push(fields) : undefined),
  } as unknown as Pick<Logger, 'info' | 'warn'>;
  const tokens = [await provider.invite()];
  const hub = await hubSide(t, { tokens, tasks: [COUNTER], timer: hasty, log, ...(app === undefined ? {} : { app }) });
  await until('the hub is told', 30_000, () => hub.placement.providers[0]?.tasks[0]?.lowered !== undefined);
  return { hub, told };
}

t.test('it is said what they wait for, to who asks and once in the log', async (t) => {
  const { hub, told } = await scene(t);
  const why =
    /^no provider takes it: the provider p0 lowers its limits, fuel from 100000000 to 1000, and it may execute nowhere else$/;
  t.match(hub.placement.waitsFor('counter'), why);
  t.match(hub.placement.plan, [{ task: 'counter', waitsFor: why }]);

  t.strictSame(told, [], 'nothing waits yet');
  const stop = new AbortController();
  const waiting = hub.request('counter', { topic: 'in/a' });
  const runs = [waiting, hub.request('counter', { topic: 'in/b' })].map((run) => hub.runtime.run(run, stop.signal));
  t.match(hub.placement.waitsOf(waiting.runId, false), why);
  t.equal(hub.placement.waitsOf('e9/counter', false), undefined, 'a run that does not wait');
  t.match(hub.placement.waitsOf('e9/counter', true), why, 'one that has not begun');
  await until('the log has it', 10_000, () => told.length > 0);
  for (let i = 0; i < 3; i++) hub.placement.gateOf('counter', 7);
  // A session that ends and opens again changes nothing.
  hub.placement.adapt({ onBattery: true, metered: false });
  t.match(told, [{ task: 'counter', reason: why }]);
  stop.abort();
  for (const end of await Promise.all(runs)) t.equal(end.outcome.kind, 'cancelled');
  t.equal(hub.placement.waitsOf(waiting.runId, false), undefined);
});

t.test('a task that may execute here waits for nobody', async (t) => {
  const { hub, told } = await scene(t, '[placement]\ndefault = "prefer-remote"\nchecked = 0\n');
  t.equal(hub.placement.waitsFor('counter'), undefined);
  t.match((await hub.runtime.run(hub.request('counter', { topic: 'in/a' }))).outcome, { kind: 'completed' });
  t.strictSame(told, []);
});
