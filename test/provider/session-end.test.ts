/** What is left of a session that is over: nothing. */
import t, { type Test } from 'tap';
import { newSigningKey } from '../../provider/protocol/index.js';
import { createRuntime, RuntimeError, type Runtime, type RuntimeOptions } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';
import { providerUnderTest, type ProviderUnderTest } from './provider-under-test.js';
import { RawHub, runOf, specOf } from './raw-hub.js';

t.setTimeout(60_000);

interface Scene {
  readonly provider: ProviderUnderTest;
  readonly installed: Set<string>;
  readonly open: () => Promise<RawHub>;
}

const { component } = await builtTask('test/fixtures/guests/counter');

/** A provider whose installations can be counted. */
async function scene(t: Test, change: (runtime: Runtime) => Partial<Runtime> = () => ({})): Promise<Scene> {
  const installed = new Set<string>();
  const startRuntime = async (options: RuntimeOptions): Promise<Runtime> => {
    const runtime = await createRuntime(options);
    return {
      ...methodsOf(runtime),
      get idleSlots() {
        return runtime.idleSlots;
      },
      install: async (...args) => {
        const made = await runtime.install(...args);
        installed.add(made.key);
        return made;
      },
      uninstall: (key) => {
        installed.delete(key);
        runtime.uninstall(key);
      },
      ...change(runtime),
    };
  };
  const times = { helloMs: 60_000, heartbeatMs: 1_000, leaseMs: 60_000 };
  const provider = await providerUnderTest(t, { startRuntime, times });
  const [token, key] = [await provider.invite(), newSigningKey()];
  const open = async (): Promise<RawHub> => {
    const hub = new RawHub(token, key);
    t.teardown(() => hub.cut());
    await hub.open();
    await hub.configure(1, [specOf('counter', component)], component);
    await hub.next('ready');
    return hub;
  };
  return { provider, installed, open };
}

/** As a class has its methods in its prototype. */
function methodsOf(runtime: Runtime): Runtime {
  return {
    install: (...args) => runtime.install(...args),
    uninstall: (key) => runtime.uninstall(key),
    forget: (key) => runtime.forget(key),
    run: (...args) => runtime.run(...args),
    begin: (...args) => runtime.begin(...args),
    resume: (...args) => runtime.resume(...args),
    setApart: (runId) => runtime.setApart(runId),
    cancel: (runId) => runtime.cancel(runId),
    get occupancy() {
      return runtime.occupancy;
    },
    get idleSlots() {
      return runtime.idleSlots;
    },
    close: () => runtime.close(),
  };
}

t.test('tasks of runs that had not begun are given back as well', async (t) => {
  const { provider, installed, open } = await scene(t);
  const hub = await open();
  t.equal(installed.size, 1);
  hub.send({ type: 'runs', runs: [runOf(1, 'counter', { revision: 9 })] });
  hub.send({ type: 'beat', beat: 1 });
  await hub.next('beat');
  hub.cut();
  await until('the session is over', 10_000, () => provider.provider.sessions === 0);
  await until('nothing is installed', 10_000, () => installed.size === 0);
  t.equal(installed.size, 0);
});

t.test('a run that the provider cannot execute is the hub’s again: it has not failed', async (t) => {
  const fails = (): Promise<never> => Promise.reject(new RuntimeError('closed', 'The runtime is closed'));
  const { installed, open } = await scene(t, () => ({ run: fails }));
  const hub = await open();
  hub.send({ type: 'runs', runs: [runOf(1, 'counter')] });
  t.match(await hub.refusal(), /^internal: /);
  t.notOk(hub.received.some(({ type }) => type === 'outcomes'));
  await until('nothing is installed', 10_000, () => installed.size === 0);
});
