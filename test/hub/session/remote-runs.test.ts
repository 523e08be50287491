import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { builtTask } from '../../runtime/built-task.js';
import { until } from '../../runtime/eventually.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { essence, hubSide } from './hub-side.js';

t.setTimeout(150_000);

const COUNTER = 'test/fixtures/guests/counter';
const THERMOSTAT = 'guest-tasks/thermostat';

t.test('a run at a provider comes to what it comes to here: outcome, effects, reads, log and fuel', async (t) => {
  const provider = await providerUnderTest(t);
  const hub = await hubSide(t, {
    tokens: [await provider.invite()],
    tasks: [COUNTER, THERMOSTAT, 'guest-tasks/anomaly', 'guest-tasks/rogue/spin', 'guest-tasks/rogue/peek'],
  });
  const events: readonly (readonly [task: string, topic: string, payload: string])[] = [
    ['counter', 'in/a', 'hello'],
    ['thermostat', 'zigbee2mqtt/bath/climate', '{"temperature":17,"humidity":50}'],
    ['anomaly', 'zigbee2mqtt/bath/climate', '{"temperature":17,"humidity":50}'],
    ['thermostat', 'zigbee2mqtt/bath/climate', 'not json'],
    ['spin', 'rogue/spin/poke', ''],
    ['peek', 'rogue/peek/poke', ''],
  ];
  for (const [task, topic, payload] of events) {
    await hub.ready(task);
    const request = hub.request(task, { topic, payload });
    const there = await hub.runtime.run(request);
    t.match(hub.placement.explain(request.runId), [{ side: 'remote', provider: 'p0' }], `${task} ran there`);
    t.strictSame(essence(there), essence(await hub.local.run(request)), `${task} ${payload}`);
  }
  t.equal(hub.placement.providers[0]?.state, 'open');
  const [digest] = readdirSync(join(provider.dataDir, 'components')).filter((name) =>
    [...hub.tasks.values()].some(({ installed }) => installed.digest === name),
  );
  const file = readFileSync(join(provider.dataDir, 'components', digest ?? ''));
  t.equal(createHash('sha256').update(file).digest('hex'), digest, 'a component there has the bytes of its digest');
  const { component } = await builtTask(COUNTER);
  t.ok(
    readdirSync(join(provider.dataDir, 'components')).includes(createHash('sha256').update(component).digest('hex')),
    'and it is the file that was built here',
  );
});

t.test('a run there sees the state of this moment, and says which versions it read', async (t) => {
  const provider = await providerUnderTest(t);
  const hub = await hubSide(t, { tokens: [await provider.invite()], tasks: [COUNTER] });
  const bucket = 'task/counter/default';
  const number = (value: number): string => String.fromCharCode(value, 0, 0, 0, 0, 0, 0, 0);
  for (let key = 0; key < 3_000; key++) hub.write(bucket, `other${key}`, 'x'.repeat(400));
  await hub.ready('counter');
  for (const value of [5, 9, 1]) {
    hub.write(bucket, 'a', number(value));
    const request = hub.request('counter', { topic: 'in/a', payload: 'x' });
    const there = await hub.runtime.run(request);
    t.match(
      there.effects.map((effect) => ('payload' in effect ? Buffer.from(effect.payload).toString() : '')),
      ['', `${value + 1} x`],
    );
    t.strictSame(there.reads, (await hub.local.run(request)).reads, 'its reads are those of a run here');
  }
  t.ok((provider.seen.length ?? 0) > 0);
});

t.test('a second hub with the same component uploads nothing', async (t) => {
  const provider = await providerUnderTest(t);
  const first = await hubSide(t, { tokens: [await provider.invite()], tasks: [COUNTER] });
  await first.ready('counter');
  t.ok((first.placement.providers[0]?.uploadedBytes ?? 0) > 1_000, 'the first one does');
  const second = await hubSide(t, { tokens: [await provider.invite()], tasks: [COUNTER] });
  await second.ready('counter');
  t.equal(second.placement.providers[0]?.uploadedBytes, 0);
  first.write('task/counter/default', 'a', 'first’s');
  const request = second.request('counter', { topic: 'in/a', payload: 'x' });
  const result = await second.runtime.run(request);
  t.equal(result.reads[0]?.version, 0, 'and sees nothing of the first one’s state');
  t.equal(provider.provider.sessions, 2);
});

t.test('a run that is cancelled stops there as well, and its deadline holds there', async (t) => {
  const provider = await providerUnderTest(t);
  const limits = { fuel: 1_000_000_000_000, deadlineMs: 1_500 };
  const hub = await hubSide(t, { tokens: [await provider.invite()], tasks: ['guest-tasks/rogue/spin'], limits });
  await hub.ready('spin');
  const spin = (signal?: AbortSignal) => hub.runtime.run(hub.request('spin', { topic: 'rogue/spin/poke' }), signal);
  t.match((await spin(AbortSignal.abort())).outcome, { kind: 'cancelled' }, 'before it was sent');
  const under = new AbortController();
  const [first, second] = [spin(under.signal), spin()];
  await until('both are there', 5_000, () => hub.placement.providers[0]?.runs === 2);
  // A beat comes back after what was sent before it.
  await until('they run', 10_000, () => hub.placement.providers[0]?.roundTripMs !== undefined);
  under.abort();
  const { outcome, usage } = await first;
  t.match(outcome, { kind: 'cancelled' });
  t.match((await second).outcome, { kind: 'deadline' });
  t.ok(usage.fuel < limits.fuel);
  await until('nothing is left at the session', 5_000, () => hub.placement.providers[0]?.runs === 0);
});
