/** A configuration of more than a session may have. */
import t from 'tap';
import { newSigningKey, type TaskSpec } from '../../provider/protocol/index.js';
import { builtTask } from '../runtime/built-task.js';
import { hubSide } from '../hub/session/hub-side.js';
import { paddedComponent } from './padded-component.js';
import { providerUnderTest } from './provider-under-test.js';
import { RawHub, runOf, specOf } from './raw-hub.js';

t.setTimeout(150_000);

const COUNTER = 'test/fixtures/guests/counter';
const { component } = await builtTask(COUNTER);

t.test('tasks beyond the bounds are refused with the reason, and the others are served', async (t) => {
  const policy = { tasks: 3, componentBytes: component.length + 1_000 };
  // This hub does not beat, and the component is prepared meanwhile.
  const times = { helloMs: 5_000, heartbeatMs: 1_000, leaseMs: 60_000 };
  const provider = await providerUnderTest(t, { policy, times });
  const hub = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  const other = paddedComponent(component, 100, 'another');
  const specs: readonly TaskSpec[] = [
    specOf('first', component),
    specOf('other', other),
    specOf('second', component),
    specOf('third', component),
    specOf('fourth', component),
  ];
  await hub.configure(1, specs, component);
  const { tasks } = await hub.next('ready');
  t.match(tasks, [
    { name: 'first', state: 'ready' },
    {
      name: 'other',
      state: 'refused',
      message: /^the components of a session must have at most \d+ bytes: with its own/,
    },
    { name: 'second', state: 'ready' },
    { name: 'third', state: 'ready' },
    { name: 'fourth', state: 'refused', message: /^a session must have at most 3 tasks, and as many came before it$/ },
  ]);
  hub.send({ type: 'runs', runs: [runOf(1, 'third')] });
  t.match((await hub.next('outcomes')).outcomes, [{ n: 1, outcome: { kind: 'completed' } }]);
  await hub.configure(2, specs.slice(1, 2), other);
  t.match((await hub.next('ready')).tasks, [{ name: 'other', state: 'ready' }], 'once there is room');
});

t.test('a component that is stated to be smaller than it is takes nobody past the quota', async (t) => {
  const policy = { componentBytes: component.length + 1_000 };
  const times = { helloMs: 5_000, heartbeatMs: 1_000, leaseMs: 60_000 };
  const provider = await providerUnderTest(t, { policy, times });
  const hub = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  const other = paddedComponent(component, 100, 'another');
  await hub.configure(1, [specOf('first', component)], component);
  t.match((await hub.next('ready')).tasks, [{ state: 'ready' }]);
  await hub.configure(2, [specOf('first', component, { bytes: 1 }), specOf('other', other)], other);
  t.match((await hub.next('ready')).tasks, [
    { name: 'first', state: 'refused' },
    { name: 'other', state: 'ready' },
  ]);
});

t.test('of more tasks than a provider takes, those come first that may execute nowhere else', async (t) => {
  const provider = await providerUnderTest(t, { policy: { tasks: 1 } });
  const hub = await hubSide(t, {
    tokens: [await provider.invite()],
    tasks: [COUNTER, 'guest-tasks/thermostat'],
    app: '[placement]\ndefault = "prefer-remote"\nchecked = 0\n[tasks.thermostat]\nplacement = "remote-only"\n',
  });
  await hub.ready('thermostat');
  t.match(hub.placement.providers, [
    {
      state: 'open',
      tasks: [
        { task: 'thermostat', state: 'taken' },
        { task: 'counter', state: 'refused', reason: /^a session must have at most 1 tasks/ },
      ],
    },
  ]);
  const request = hub.request('counter', { topic: 'in/a' });
  t.match((await hub.runtime.run(request)).outcome, { kind: 'completed' });
  t.match(hub.placement.explain(request.runId), [{ side: 'local' }], 'what is refused is executed here');
});
