/** State that a provider has no room for costs the tasks whose it is, and nobody else. */
import t, { type Test } from 'tap';
import { StateRoom } from '../../../hub/session/state-room.js';
import { PROTOCOL_BOUNDS } from '../../../provider/protocol/index.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { until } from '../../runtime/eventually.js';
import { hubSide, type HubSide, type HubSideOptions } from './hub-side.js';
import { isReadyForAll, ScriptedProvider } from './scripted-provider.js';

t.setTimeout(150_000);

const [COUNTER, FLAKY] = ['test/fixtures/guests/counter', 'test/fixtures/guests/flaky'];
const APP = '[placement]\ndefault = "prefer-remote"\nchecked = 0\n';

const SMALL = 10_000;
const LARGE = 'x'.repeat(3 * SMALL);

function scene(t: Test, options: Pick<HubSideOptions, 'tokens' | 'connect'>): Promise<HubSide> {
  return hubSide(t, { ...options, tasks: [COUNTER, FLAKY], app: APP });
}

/** Where a run of the task was executed, and why. */
async function placeOf(hub: HubSide, task: string): Promise<string> {
  const run = hub.request(task, { topic: 'in/a', payload: 'good 1' });
  const { outcome } = await hub.runtime.run(run);
  const decision = hub.placement.explain(run.runId).at(-1);
  return `${outcome.kind} ${decision?.side}: ${decision?.reason}`;
}

t.test('a task whose state grows too much is executed here, and the others go on in the same session', async (t) => {
  const provider = await providerUnderTest(t, { policy: { stateBytes: 2 * SMALL } });
  const hub = await scene(t, { tokens: [await provider.invite()] });
  await hub.ready('counter');
  await hub.ready('flaky');
  t.match(await placeOf(hub, 'flaky'), /^completed remote/);
  hub.write('task/flaky/default', 'large', LARGE);
  t.match(
    await placeOf(hub, 'flaky'),
    /^completed local: no provider takes it now: .*p0 has no room for its state: .*/,
  );
  t.match(await placeOf(hub, 'counter'), /^completed remote/);
  t.match(hub.placement.providers, [
    {
      state: 'open',
      tasks: [
        { task: 'counter', state: 'taken' },
        {
          task: 'flaky',
          state: 'refused',
          reason: /^it has no room for its state: .* 3\d+ bytes, and may have 20000$/,
        },
      ],
    },
  ]);
  hub.write('task/flaky/default', 'large', 'small again');
  await hub.ready('flaky');
  t.match(await placeOf(hub, 'flaky'), /^completed remote/);
  t.equal(provider.seen.filter(({ kind }) => kind === 'session-began').length, 1);
});

/** Buckets whose state has come when a run of the task has. */
async function sentWith(hub: HubSide, provider: ScriptedProvider, task: string): Promise<readonly string[]> {
  await hub.ready(task);
  void hub.runtime.run(hub.request(task, { topic: 'in/a' })).catch(() => undefined);
  await until('the run is sent', 30_000, () => provider.heardOf('runs').length > 0);
  return provider.heardOf('state').flatMap(({ entries }) => entries.map(({ bucket }) => bucket));
}

t.test('state that is too much when a session begins is not sent at all', async (t) => {
  const provider = new ScriptedProvider({ heard: isReadyForAll, welcome: { stateBytes: 2 * SMALL } });
  const hub = await scene(t, { tokens: [provider.token], connect: provider.connect });
  hub.write('task/counter/default', 'large', LARGE);
  hub.write('task/flaky/default', 'key', 'small');
  t.strictSame(await sentWith(hub, provider, 'flaky'), ['task/flaky/default']);
  t.match(hub.placement.providers, [{ tasks: [{ task: 'counter', state: 'refused' }, { state: 'taken' }] }]);
});

t.test('state of tasks that the provider refuses is not sent there', async (t) => {
  const provider = new ScriptedProvider({
    heard: (message, provider) => {
      if (message.type !== 'configure') return;
      const tasks = message.tasks.map(({ name, limits }) =>
        name === 'flaky'
          ? ({ name, state: 'refused', message: 'not here' } as const)
          : ({ name, state: 'ready', limits, startFuel: 0 } as const),
      );
      provider.say({ type: 'ready', config: message.config, tasks });
    },
  });
  const hub = await scene(t, { tokens: [provider.token], connect: provider.connect });
  for (const task of ['counter', 'flaky']) hub.write(`task/${task}/default`, 'key', task);
  t.strictSame(await sentWith(hub, provider, 'counter'), ['task/counter/default']);
});

/** A room of 1,000 bytes for tasks that read a bucket each, and one that reads what two have. */
function room() {
  const bytes: Record<string, number> = { a: 400, b: 400 };
  const own = PROTOCOL_BOUNDS.stateEntryBytes + 1;
  const state = new StateRoom((bucket) => ({ keys: 1, bytes: (bytes[bucket] ?? 0) - own }));
  const task = (name: string, ...buckets: readonly string[]) => ({
    name,
    grants: { publish: [], buckets: Object.fromEntries(buckets.map((id) => [id, { id, access: 'read' as const }])) },
  });
  return { bytes, state, tasks: [task('a', 'a'), task('b', 'b'), task('both', 'a', 'b'), task('none')], task };
}

t.test('of tasks that do not fit together the first ones count, and what tasks share counts once', (t) => {
  const { bytes, state, tasks } = room();
  state.configure(tasks, []);
  t.strictSame([...state.buckets], ['a', 'b'], 'before there is a session nobody knows how much fits');
  state.opened(1_000);
  t.strictSame([...state.buckets], ['a', 'b']);
  bytes['a'] = 700;
  t.equal(state.written(new Set(['a'])), true);
  t.strictSame([...state.buckets], ['a']);
  t.equal(state.surplusOf('b'), 'with that of the tasks before it, it would have 1100 bytes, and may have 1000');
  t.ok(state.surplusOf('both'));
  t.equal(state.surplusOf('none'), undefined, 'who reads nothing needs no room');
  t.equal(state.written(new Set(['c'])), false);
  t.end();
});

t.test('a task comes back when there is room to spare, and not as soon as it fits', (t) => {
  const { bytes, state, tasks } = room();
  state.configure(tasks, []);
  state.opened(1_000);
  bytes['b'] = 601;
  t.equal(state.written(new Set(['b'])), true);
  bytes['b'] = 590;
  t.equal(state.written(new Set(['b'])), false);
  t.match(state.surplusOf('b'), /990 bytes, and may have 875$/);
  bytes['b'] = 475;
  t.equal(state.written(new Set(['b'])), true);
  t.strictSame([...state.buckets], ['a', 'b']);
  t.end();
});

t.test('tasks that the provider refuses take no room, and versions of which runs are there come first', (t) => {
  const { bytes, state, tasks, task } = room();
  bytes['a'] = 700;
  state.opened(1_000);
  state.configure(tasks.slice(0, 2), []);
  t.strictSame([...state.buckets], ['a']);
  state.refused(new Set(['a']));
  t.strictSame([...state.buckets], ['b']);
  t.equal(state.surplusOf('b'), undefined);
  state.configure(tasks.slice(0, 2), [task('a', 'a')]);
  t.strictSame([...state.buckets], ['a']);
  t.equal(state.earlierSurplusOf('a'), undefined);
  bytes['a'] = 1_001;
  t.equal(state.written(new Set(['a'])), true);
  t.ok(state.earlierSurplusOf('a'));
  t.strictSame([...state.buckets], ['b']);
  t.end();
});
