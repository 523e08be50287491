import t from 'tap';
import { newSigningKey } from '../../provider/protocol/index.js';
import { createRuntime, type InstallOptions } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { providerUnderTest } from './provider-under-test.js';
import { RawHub, runOf, specOf } from './raw-hub.js';

t.setTimeout(150_000);

const { component } = await builtTask('test/fixtures/guests/counter');

t.test('a resumable task is installed as one, and takes the fuel and has the effects it has otherwise', async (t) => {
  const installed: (InstallOptions | undefined)[] = [];
  const provider = await providerUnderTest(t, {
    // This hub does not beat, and the components are prepared meanwhile.
    times: { helloMs: 5_000, heartbeatMs: 1_000, leaseMs: 60_000 },
    startRuntime: async (options) => {
      const runtime = await createRuntime(options);
      const install = runtime.install.bind(runtime);
      runtime.install = (bytes, limits, given) => {
        installed.push(given);
        return install(bytes, limits, given);
      };
      return runtime;
    },
  });
  const hub = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  const grants = { publish: ['#'], buckets: { default: { id: 'shared/counts', access: 'read-write' } } } as const;
  const specs = [
    specOf('plain', component, { grants }),
    specOf('loops', component, { grants, resumable: 'loops' }),
    specOf('same', component, { grants, resumable: 'loops' }),
    specOf('all', component, { grants, resumable: 'all' }),
  ];
  await hub.configure(1, specs, component);
  const { tasks } = await hub.next('ready');
  t.strictSame(new Set(tasks.map(({ state }) => state)), new Set(['ready']));
  t.strictSame(
    installed.map((options) => options?.resumable),
    [undefined, 'loops', 'all'],
    'tasks share a component where their points of execution are the same',
  );
  const seen: object[] = [];
  for (const [i, { name }] of specs.entries()) {
    const { event } = runOf(1, name);
    hub.send({ type: 'runs', runs: [runOf(i, name, { event, seed: 1 })] });
    const [outcome] = (await hub.next('outcomes')).outcomes;
    seen.push({ outcome: outcome?.outcome, effects: outcome?.effects, fuel: outcome?.usage.fuel });
  }
  t.match(seen[0], { outcome: { kind: 'completed' } });
  for (const other of seen.slice(1)) t.strictSame(other, seen[0]);
});
