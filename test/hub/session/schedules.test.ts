/**
 * A thousand schedules of one hub and one provider: messages arrive late and in any order between the two directions,
 * links are cut, runs end when they will. Whatever happens, each run has one result, and the one it has to have.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseManifest } from '../../../hub/manifest/index.js';
import type { Placement } from '../../../hub/placement/index.js';
import { KnownHubs } from '../../../provider/identity/known-hubs.js';
import { DEFAULT_POLICY } from '../../../provider/policy.js';
import { newSigningKey } from '../../../provider/protocol/index.js';
import { createProvider } from '../../../provider/provider.js';
import type { RunRequest, RunResult, Runtime, StateReader } from '../../../runtime/index.js';
import { randomFrom } from '../../provider/protocol/random.js';
import { placementBy } from '../placement/placement-under-test.js';
import { virtualTimer } from '../virtual-timer.js';
import { simulatedNetwork, type SimulatedNetwork } from './simulated-network.js';

t.setTimeout(150_000);

const SCHEDULES = Number(process.env['STERNA_SCHEDULES'] ?? 1_000);
const RUNS = 12;
const COMPONENT = Buffer.alloc(270_000, 'component');

/** What a run has to come to, wherever it executes. */
function resultOf({ runId, event, attempt }: RunRequest): RunResult {
  const payload = createHash('sha256').update(`${runId} ${attempt} `).update(event.payload).digest();
  const usage = { peakMemoryBytes: 1, wallMs: 1, hostMs: 0, outputBytes: 64, logBytes: 0 };
  return {
    runId,
    outcome: { kind: 'completed' },
    effects: [{ kind: 'publish', topic: 'out/x', payload, qos: 1, retain: false }],
    reads: [],
    log: [],
    droppedLogLines: 0,
    usage: { ...usage, fuel: 1_000 + event.payload.length },
  };
}

interface SteppedRuntime extends Runtime {
  /** Ends one of the runs that it holds. */
  step(pick: (count: number) => number): void;
  executed: number;
}

function steppedRuntime(result = resultOf): SteppedRuntime {
  const held: (() => void)[] = [];
  const runtime: SteppedRuntime = {
    executed: 0,
    install: (component) => {
      const digest = createHash('sha256').update(component).digest('hex');
      return Promise.resolve({ key: digest, digest, imports: [], initialMemoryBytes: 0, startFuel: 0 });
    },
    uninstall: () => undefined,
    forget: () => undefined,
    begin: () => {
      throw new Error('nothing is suspended here');
    },
    resume: () => {
      throw new Error('nothing is suspended here');
    },
    run: (request) => new Promise((resolve) => held.push(() => resolve(result(request)))),
    get occupancy() {
      return { threads: 4, idle: Math.max(0, 4 - held.length), executing: [], waiting: [], apart: [] };
    },
    setApart: () => false,
    cancel: () => false,
    get idleSlots() {
      return Math.max(0, 4 - held.length);
    },
    step: (pick) => {
      if (held.length === 0) return;
      runtime.executed++;
      held.splice(pick(held.length), 1)[0]?.();
    },
    close: () => Promise.resolve(),
  };
  return runtime;
}

const NO_STATE: StateReader = {
  snapshot: () => ({ get: () => undefined, keys: () => [], keysVersion: () => 0, release: () => undefined }),
  close: () => undefined,
};

interface Scene {
  readonly placement: Placement;
  readonly runtime: Runtime;
  readonly network: SimulatedNetwork;
  readonly request: (i: number) => RunRequest;
  /** Lets one thing happen. */
  readonly step: (cuts: number) => Promise<void>;
  readonly executedThere: () => number;
  readonly close: () => Promise<void>;
}

interface SceneOptions {
  readonly seed: number;
  readonly policy: string;
  /** What the provider's threads come to. */
  readonly there?: (request: RunRequest) => RunResult;
  readonly change?: (bytes: Uint8Array) => readonly Uint8Array[];
  readonly checked?: number;
}

async function scene(t: Test, { seed, policy, there, change, checked = 0 }: SceneOptions): Promise<Scene> {
  const dir = join(t.testdirName, String(seed));
  mkdirSync(dir, { recursive: true });
  const random = randomFrom(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const far = steppedRuntime(there);
  const near = steppedRuntime();
  const [providerKey, hubKey, secret] = [newSigningKey(), newSigningKey(), Buffer.alloc(32, seed)];
  const hubs = await KnownHubs.open(join(dir, 'provider'));
  await hubs.invitations.add(secret, { fromMs: 0, untilMs: 10_000 });
  const timer = virtualTimer();
  const provider = await createProvider({
    dataDir: join(dir, 'provider'),
    threads: 2,
    startRuntime: () => Promise.resolve(far),
    key: providerKey,
    hubs,
    name: 'far',
    policy: { ...DEFAULT_POLICY, window: 6 },
    stubs: 'memory',
    observe: () => undefined,
    clock: () => 5_000,
    nowMs: () => timer.nowMs(),
  });
  const network = simulatedNetwork(provider, change);
  const placement = placementBy(`[placement]\ndefault = "${policy}"\nchecked = ${checked}\n`, {
    providers: [
      { name: 'far', token: { url: 'ws://simulated', key: providerKey.publicKey, certificate: undefined, secret } },
    ],
    key: hubKey,
    openState: () => NO_STATE,
    timer,
    clock: () => 5_000,
    random: () => 0,
    connect: network.connect,
  });
  const runtime = placement.over({
    local: near,
    threads: 2,
    file: join(dir, 'state.db'),
    usageOf: () => ({ keys: 0, bytes: 0 }),
    component: () => Promise.resolve(COMPONENT),
  });
  const parsed = parseManifest(
    'name = "x"\nversion = "1.0.0"\n[[trigger]]\ntopic = "in/#"\n[grants]\npublish = ["out/x"]',
    '',
  );
  if (!parsed.ok) throw new Error('the manifest is wrong');
  const { manifest } = parsed;
  const installed = await runtime.install(COMPONENT, manifest.limits);
  placement.deployed([{ manifest, installed, toml: '' }], new Map());
  return {
    placement,
    runtime,
    network,
    executedThere: () => far.executed,
    request: (i) => ({
      runId: `e${i}/x`,
      task: installed.key,
      event: {
        id: `e${i}`,
        topic: 'in/a',
        payload: Buffer.alloc(pick(2_000), i),
        qos: 1,
        retain: false,
        arrivedAtMs: 1,
        captures: {},
      },
      attempt: 1,
      limits: manifest.limits,
      grants: manifest.grants,
      config: {},
      clockMs: 1,
      seed: i,
      subjects: 'verbatim',
    }),
    step: async (cuts) => {
      const { links } = network;
      const link = links[pick(links.length)];
      const dice = random();
      if (dice < cuts) link?.cut();
      else if (dice < 0.5) link?.deliver(pick(2) === 0);
      else if (dice < 0.6) far.step(pick);
      else if (dice < 0.7) near.step(pick);
      else if (dice < 0.75) timer.pass(pick(400));
      // What files and promises have to do.
      await new Promise((resolve) => setImmediate(resolve));
    },
    close: async () => {
      for (const { cut } of network.links.map((each) => ({ cut: () => each.cut() }))) cut();
      await runtime.close();
      await provider.close();
    },
  };
}

async function allEnd(scene: Scene, cuts: number): Promise<readonly RunResult[]> {
  const requests = Array.from({ length: RUNS }, (_, i) => scene.request(i));
  const results: RunResult[] = [];
  for (const request of requests) {
    void scene.runtime.run(request).then((result) => results.push(result));
    await scene.step(cuts);
  }
  // After a while the link is left alone, so that runs which need it can end.
  for (let steps = 0; results.length < RUNS; steps++) {
    if (steps > 20_000) throw new Error(`${results.length} of ${RUNS} runs ended`);
    await scene.step(steps < 400 ? cuts : 0);
  }
  for (let steps = 0; steps < 20; steps++) await scene.step(0);
  const expected = requests.map(resultOf).toSorted(byRun);
  const found = results.toSorted(byRun).map(({ effects, ...rest }) => ({
    ...rest,
    effects: effects.map((effect) =>
      effect.kind === 'publish' ? { ...effect, payload: Buffer.from(effect.payload) } : effect,
    ),
  }));
  if (JSON.stringify(found.map(sorted)) !== JSON.stringify(expected.map(sorted))) {
    throw new Error(`results differ: ${JSON.stringify(found)}`);
  }
  return results;
}

/** Lets things happen until the provider takes runs. */
async function opened({ placement, step }: Scene): Promise<void> {
  for (let steps = 0; (placement.gateOf('x')?.elsewhere ?? 0) === 0; steps++) {
    if (steps > 20_000) throw new Error(`no session: ${JSON.stringify(placement.providers)}`);
    await step(0);
  }
}

function byRun(a: RunResult, b: RunResult): number {
  return a.runId < b.runId ? -1 : 1;
}

/** Whatever order its fields came in. */
function sorted({ runId, outcome, effects, usage }: RunResult): object {
  const published = effects.map((effect) =>
    effect.kind === 'publish' ? [effect.topic, Buffer.from(effect.payload).toString('hex')] : [],
  );
  return { runId, outcome, published, fuel: usage.fuel };
}

t.test(`each run has its one result, over ${SCHEDULES} schedules of a link that is cut at any message`, async (t) => {
  t.testdir({});
  let [executedThere, connections] = [0, 0];
  const policies = ['remote-only', 'prefer-remote', 'prefer-local', 'auto'];
  const play = async (seed: number): Promise<void> => {
    const one = await scene(t, { seed, policy: policies[seed % policies.length] ?? 'auto' });
    try {
      if (seed % 2 === 0) await opened(one);
      await allEnd(one, seed % 3 === 0 ? 0 : 0.04);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    } finally {
      await one.close();
    }
    executedThere += one.executedThere();
    connections += one.network.connections;
  };
  // A few beside each other: each waits for its files most of the time.
  const lanes = Array.from({ length: 6 }, async (_, lane) => {
    for (let seed = 1 + lane; seed <= SCHEDULES; seed += 6) await play(seed);
  });
  await Promise.all(lanes);
  t.ok(executedThere > SCHEDULES, `${executedThere} runs were executed at the provider`);
  t.ok(connections > 1.5 * SCHEDULES, `${connections} connections were made`);
});

t.test('a provider that says other fuel than the run takes here is at fault, and nothing of it counts', async (t) => {
  t.testdir({});
  const lying = (request: RunRequest): RunResult => {
    const result = resultOf(request);
    return { ...result, usage: { ...result.usage, fuel: result.usage.fuel - 1 } };
  };
  const one = await scene(t, { seed: 5_001, policy: 'prefer-remote', there: lying, checked: 1 });
  await opened(one);
  const request = one.request(99);
  const results: RunResult[] = [];
  void one.runtime.run(request).then((result) => results.push(result));
  for (let steps = 0; results.length === 0 && steps < 20_000; steps++) await one.step(0);
  t.equal(results[0]?.usage.fuel, resultOf(request).usage.fuel, 'what was found here counts');
  t.match(one.placement.providers[0], { state: 'faulty', reason: /fuel here and is said to have taken/ });
  await one.close();
});

t.test('a provider that answers twice is at fault', async (t) => {
  t.testdir({});
  const twice = (bytes: Uint8Array): readonly Uint8Array[] =>
    Buffer.from(bytes).includes('"type":"outcomes"') ? [bytes, bytes] : [bytes];
  const one = await scene(t, { seed: 5_002, policy: 'remote-only', change: twice });
  const results: RunResult[] = [];
  for (let i = 0; i < 2; i++) void one.runtime.run(one.request(i)).then((result) => results.push(result));
  for (let steps = 0; one.placement.providers[0]?.state !== 'faulty' && steps < 20_000; steps++) await one.step(0);
  t.match(one.placement.providers[0], { state: 'faulty', reason: /answered run \d+, which is not open/ });
  t.equal(new Set(results.map(({ runId }) => runId)).size, results.length, 'and no run has two results');
  await one.close();
});
