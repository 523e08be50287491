import t from 'tap';
import { cameToCap, capsOf, raisedLimit } from '../../../hub/session/capped-limits.js';
import { DEFAULT_POLICY } from '../../../provider/policy.js';
import { DEFAULT_LIMITS, type Limits, type RunRequest, type RunResult } from '../../../runtime/index.js';
import { until } from '../../runtime/eventually.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { essence, hubSide, type HubSide } from './hub-side.js';

t.setTimeout(120_000);

const PROBE = 'test/fixtures/guests/probe';
const SDK_CALLS = 'test/fixtures/guests/sdk-calls';
const PREFER_REMOTE = '[placement]\ndefault = "prefer-remote"\nchecked = 0\n';

const RESULT: RunResult = {
  runId: 'r',
  outcome: { kind: 'completed' },
  effects: [],
  reads: [],
  log: [],
  droppedLogLines: 0,
  usage: { fuel: 1, peakMemoryBytes: 1, wallMs: 1, hostMs: 0, outputBytes: 0, logBytes: 0 },
};

t.test('a run goes home if it could have gone another way under its own limits, and only then', (t) => {
  const usage = { ...RESULT.usage, logBytes: 50 };
  const cases: readonly (readonly [keyof Limits, Partial<RunResult>])[] = [
    ['fuel', { outcome: { kind: 'out-of-fuel' } }],
    ['fuel', { outcome: { kind: 'trapped', reason: 'arithmetic', message: '' } }],
    ['fuel', { noticed: ['fuel'] }],
    ['memoryBytes', { outcome: { kind: 'out-of-memory' } }],
    ['memoryBytes', { noticed: ['memoryBytes'] }],
    ['deadlineMs', { outcome: { kind: 'deadline' } }],
    ['outputBytes', { outcome: { kind: 'output-limit', message: '' } }],
    ['logBytes', { droppedLogLines: 1 }],
    ['logBytes', { usage }],
  ];
  for (const [name, change] of cases) {
    const result = { ...RESULT, ...change };
    t.equal(cameToCap(result, { [name]: 50 }), `its ${name} there is 50, below its own`);
    const other = name === 'fuel' ? 'outputBytes' : 'fuel';
    if (result.outcome.kind !== 'trapped') t.equal(cameToCap(result, { [other]: 50 }), undefined, `not ${other}`);
  }
  t.equal(cameToCap(RESULT, { ...DEFAULT_LIMITS, logBytes: 50 }), undefined);
  t.equal(capsOf(DEFAULT_LIMITS, DEFAULT_LIMITS), undefined);
  t.strictSame(capsOf(DEFAULT_LIMITS, { ...DEFAULT_LIMITS, fuel: 7 }), { fuel: 7 });
  t.match(raisedLimit(DEFAULT_LIMITS, { ...DEFAULT_LIMITS, fuel: 1e12 }), /^fuel is 100000000, and the provider makes/);
  t.end();
});

function probe(hub: HubSide, what: string, payload: string): RunRequest {
  const request = hub.request('probe', { topic: `probe/${what}/a`, payload });
  return { ...request, event: { ...request.event, captures: { what, room: 'a' } } };
}

t.test('limits are lowered to what a provider has, and the hub is told; fuel and effects are the same', async (t) => {
  const lowered = { fuel: 1_000_000, memoryBytes: 2 ** 21, deadlineMs: 10_000, outputBytes: 2 ** 18, logBytes: 500 };
  const policy = { limits: { ...DEFAULT_POLICY.limits, ...lowered } };
  const provider = await providerUnderTest(t, { policy });
  const hub = await hubSide(t, {
    tokens: [await provider.invite()],
    tasks: [PROBE, SDK_CALLS],
    app: PREFER_REMOTE,
  });
  await hub.ready('probe');
  const [there] = hub.placement.providers[0]?.tasks.filter(({ task }) => task === 'probe') ?? [];
  const { fuel } = hub.tasks.get('probe')?.manifest.limits ?? {};
  t.match(there, { state: 'taken', lowered: { fuel: { asked: fuel, there: 1_000_000 }, logBytes: { there: 500 } } });
  const sides = (request: RunRequest): readonly string[] =>
    hub.placement.explain(request.runId).map(({ side }) => side);

  const modest = probe(hub, 'turn', '1000');
  t.strictSame(essence(await hub.runtime.run(modest)), essence(await hub.local.run(modest)));
  t.strictSame(sides(modest), ['remote'], 'what fits into the lower limits is executed there');

  const large = probe(hub, 'turn', '1000000');
  const result = await hub.runtime.run(large);
  t.match(result, { outcome: { kind: 'completed' } });
  t.strictSame(essence(result), essence(await hub.local.run(large)), 'under its own limits, here');
  t.match(hub.placement.explain(large.runId), [
    { side: 'remote' },
    { side: 'local', reason: 'it came to a limit at p0: its fuel there is 1000000, below its own' },
  ]);
  const next = probe(hub, 'turn', '1000000');
  await hub.runtime.run(next);
  t.strictSame(sides(next), ['local'], 'the next is not executed twice');

  const asks = hub.request('sdk-calls', { topic: 'test/context' });
  const curious = { ...asks, event: { ...asks.event, captures: { what: 'context' } } };
  t.match((await hub.runtime.run(curious)).outcome, { kind: 'completed' });
  t.strictSame(sides(curious), ['remote', 'local'], 'one that asks what is left is answered here');
});

t.test('memory and log that are cut there are not cut here', async (t) => {
  for (const [what, payload, limits] of [
    ['allocate', '2500000', { memoryBytes: 2 ** 20 }],
    ['log', 'x'.repeat(60), { logBytes: 500 }],
  ] as const) {
    const provider = await providerUnderTest(t, { policy: { limits: { ...DEFAULT_POLICY.limits, ...limits } } });
    const hub = await hubSide(t, { tokens: [await provider.invite()], tasks: [PROBE], app: PREFER_REMOTE });
    await hub.ready('probe');
    const request = probe(hub, what, payload);
    t.strictSame(essence(await hub.runtime.run(request)), essence(await hub.local.run(request)), what);
    t.match(hub.placement.explain(request.runId), [{ side: 'remote' }, { side: 'local' }]);
    await hub.close();
    await provider.close();
  }
});

t.test('a task that may execute nowhere else is not sent where its limits are lower', async (t) => {
  const provider = await providerUnderTest(t, { policy: { limits: { ...DEFAULT_POLICY.limits, fuel: 1_000_000 } } });
  const hub = await hubSide(t, { tokens: [await provider.invite()], tasks: [PROBE] });
  await until('the hub is told', 30_000, () => hub.placement.providers[0]?.tasks[0]?.lowered !== undefined);
  t.strictSame(hub.placement.gateOf('probe'), { here: false, elsewhere: 0 });
});
