/** A hub that says more than it should, as fast as it can: nothing piles up here, and other hubs are served. */
import { createHash } from 'node:crypto';
import t, { type Test } from 'tap';
import type { ComponentStore } from '../../provider/components.js';
import { Configuration } from '../../provider/configuration.js';
import type { Installations } from '../../provider/installations.js';
import { DEFAULT_POLICY } from '../../provider/policy.js';
import { newSigningKey } from '../../provider/protocol/index.js';
import { createRuntime, type Runtime, type RuntimeOptions } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { until } from '../runtime/eventually.js';
import { providerUnderTest, type ProviderUnderTest } from './provider-under-test.js';
import { RawHub, specOf } from './raw-hub.js';

t.setTimeout(110_000);

const TIMES = { helloMs: 60_000, heartbeatMs: 1_000, leaseMs: 60_000 };
const { component } = await builtTask('test/fixtures/guests/counter');

interface Scene {
  readonly provider: ProviderUnderTest;
  /** Components that are prepared now, and the most that were. */
  readonly preparing: { now: number; most: number };
  readonly goOn: () => void;
}

/** A provider that takes as long as the test likes to prepare a component. */
async function slowScene(t: Test): Promise<Scene> {
  const preparing = { now: 0, most: 0 };
  let goOn = (): void => undefined;
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  const startRuntime = async (options: RuntimeOptions): Promise<Runtime> => {
    const runtime = await createRuntime(options);
    const install = runtime.install.bind(runtime);
    runtime.install = async (...args) => {
      preparing.now++;
      preparing.most = Math.max(preparing.most, preparing.now);
      await gate;
      preparing.now--;
      return install(...args);
    };
    return runtime;
  };
  return { provider: await providerUnderTest(t, { startRuntime, times: TIMES }), preparing, goOn };
}

/** Resolves when all that was said before has come. */
async function heard(hub: RawHub, beat: number): Promise<void> {
  hub.send({ type: 'beat', beat });
  while ((await hub.next('beat')).beat !== beat);
}

t.test('of configurations that come while a component is prepared, the last one counts', async (t) => {
  const { provider, preparing, goOn } = await slowScene(t);
  const hub = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  await hub.configure(1, [specOf('counter', component)], component);
  await until('it is prepared', 10_000, () => preparing.now === 1);
  const last = 300;
  for (let config = 2; config <= last; config++) {
    hub.send({ type: 'configure', config, tasks: [specOf('counter', component)] });
    hub.send({ type: 'proofs', config, proofs: [] });
  }
  await heard(hub, 1);
  goOn();
  t.equal((await hub.next('wanted')).config, last, 'of those between nothing was kept');
  t.equal((await hub.next('ready')).config, last);
  t.equal(hub.received.filter(({ type }) => type === 'challenge').length, 2);
});

t.test('a hub that comes again and again has one component prepared at a time', async (t) => {
  const { provider, preparing, goOn } = await slowScene(t);
  const [token, key] = [await provider.invite(), newSigningKey()];
  const { limits } = specOf('counter', component);
  let hub = new RawHub(token, key);
  t.teardown(() => hub.cut());
  await hub.open();
  await hub.configure(1, [specOf('counter', component)], component);
  await until('it is prepared', 10_000, () => preparing.now === 1);
  const digest = createHash('sha256').update(component).digest('hex');
  for (let more = 1; more <= 5; more++) {
    hub = new RawHub(token, key);
    await hub.open();
    const memoryBytes = limits.memoryBytes + more * 65_536;
    hub.send({
      type: 'configure',
      config: 1,
      tasks: [specOf('counter', component, { limits: { ...limits, memoryBytes } })],
    });
    await heard(hub, 1);
    const asked = hub.received.find((message) => message.type === 'challenge');
    if (asked === undefined) continue;
    const proof = createHash('sha256').update(asked.nonce).update(component).digest();
    hub.send({ type: 'proofs', config: 1, proofs: [{ digest, proof }] });
    await hub.next('wanted');
    await heard(hub, 2);
  }
  t.equal(preparing.most, 1);
  goOn();
  const { nonce } = await hub.next('challenge');
  const proof = createHash('sha256').update(nonce).update(component).digest();
  hub.send({ type: 'proofs', config: 1, proofs: [{ digest, proof }] });
  t.match((await hub.next('ready')).tasks, [{ state: 'ready' }], 'the last is served');
  t.equal(preparing.most, 1);
});

t.test('a component is looked at once for all that is said to prove it', async (t) => {
  let looks = 0;
  const components = {
    has: () => true,
    settle: () => Promise.resolve(),
    forgetUploads: () => Promise.resolve(),
    upload: () => Promise.resolve({ isComplete: false, received: 0 }),
    proofOf: () => {
      looks++;
      return Promise.resolve(Buffer.alloc(32, 1));
    },
  };
  const spec = specOf('counter', component);
  const configuration = new Configuration(1, [spec], {
    components: components as unknown as ComponentStore,
    installations: {} as Installations,
    policy: DEFAULT_POLICY,
    hub: 'h',
    proven: new Set(),
  });
  const wrong = { digest: spec.digest, proof: Buffer.alloc(32, 2) };
  await configuration.prove(Array.from({ length: 1_000 }, () => wrong));
  t.equal(looks, 1);
});
