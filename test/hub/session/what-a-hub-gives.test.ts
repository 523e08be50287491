/** Providers that ask for more than they should, or say things at the wrong moment. */
import { createHash } from 'node:crypto';
import t, { type Test } from 'tap';
import { createLog } from '../../../hub/log.js';
import { RemoteProvider, StateFeed, type RemoteProviderParts } from '../../../hub/session/index.js';
import { SESSION_BOUNDS } from '../../../hub/session/limits.js';
import {
  newSigningKey,
  PROTOCOL_BOUNDS,
  type ProviderMessage,
  type RemoteOutcome,
  type TaskSpec,
} from '../../../provider/protocol/index.js';
import { DEFAULT_LIMITS, encodeCheckpoint, type RunRequest } from '../../../runtime/index.js';
import { aCheckpoint } from '../../runtime/checkpoint/a-checkpoint.js';
import { bombOf } from '../../runtime/checkpoint/bomb.js';
import { until } from '../../runtime/eventually.js';
import { virtualTimer, type VirtualTimer } from '../virtual-timer.js';
import { hubSide } from './hub-side.js';
import { isReadyForAll, ScriptedProvider } from './scripted-provider.js';

t.setTimeout(60_000);

const COMPONENTS = new Map(
  ['sent', 'private'].map((text) => [createHash('sha256').update(text).digest('hex'), Buffer.from(text)] as const),
);
const [SENT = '', PRIVATE = ''] = COMPONENTS.keys();
const NONCE = Buffer.alloc(32, 3);

function spec(name: string, digest = SENT): TaskSpec {
  const grants = { publish: [], buckets: {} };
  return { name, digest, bytes: 4, limits: DEFAULT_LIMITS, grants, config: {}, subjects: 'verbatim' };
}

const REQUEST: RunRequest = {
  ...spec('task'),
  runId: 'e/task',
  task: 'k',
  event: { id: 'e', topic: 't', payload: Buffer.alloc(0), qos: 1, retain: false, arrivedAtMs: 1, captures: {} },
  attempt: 1,
  clockMs: 1,
  seed: 1,
};

/** What came of a run that did nothing. */
function done(n: number): RemoteOutcome {
  return {
    n,
    epoch: 1,
    outcome: { kind: 'completed' },
    effects: [],
    reads: [],
    listed: undefined,
    pages: undefined,
    unrecorded: undefined,
    log: [],
    droppedLogLines: 0,
    usage: { fuel: 1, peakMemoryBytes: 1, wallMs: 1, hostMs: 0, outputBytes: 0, logBytes: 0 },
    queuedMs: 0,
  };
}

interface Scene {
  readonly remote: RemoteProvider;
  readonly timer: VirtualTimer;
  readonly read: string[];
}

/** The hub's side towards a scripted provider. */
function scene(t: Test, provider: ScriptedProvider, change: Partial<RemoteProviderParts> = {}): Scene {
  const timer = virtualTimer();
  const read: string[] = [];
  const nothing = { get: () => undefined, keys: () => [], keysVersion: () => 0, release: () => undefined };
  const remote = new RemoteProvider({
    saved: { name: 'p', token: provider.token },
    key: newSigningKey(),
    hubName: 'h',
    stateEpoch: 'e',
    feed: new StateFeed({ snapshot: () => nothing, close: () => undefined }),
    usageOf: () => ({ keys: 0, bytes: 0 }),
    component: (digest) => {
      read.push(digest);
      const found = COMPONENTS.get(digest);
      return found === undefined ? Promise.reject(new Error('no such component')) : Promise.resolve(found);
    },
    timer,
    clock: () => 0,
    random: () => 0.5,
    log: createLog('silent'),
    connect: provider.connect,
    changed: () => undefined,
    moved: () => undefined,
    unsent: () => undefined,
    mostBytes: () => undefined,
    lost: () => undefined,
    ...change,
  });
  remote.configure([spec('task')]);
  remote.start();
  t.teardown(() => remote.close());
  return { remote, timer, read };
}

async function heard(provider: ScriptedProvider, type: Parameters<ScriptedProvider['heardOf']>[0]): Promise<void> {
  await until(`the hub says ${type}`, 5_000, () => provider.heardOf(type).length > 0);
}

t.test('a provider is shown and given the components of its configuration, and no others', async (t) => {
  for (const ask of [
    (provider: ScriptedProvider) =>
      provider.say({ type: 'challenge', config: 1, nonce: NONCE, digests: [SENT, PRIVATE] }),
    (provider: ScriptedProvider) =>
      provider.say({ type: 'wanted', config: 1, components: [{ digest: PRIVATE, offset: 0 }] }),
  ]) {
    const provider = new ScriptedProvider();
    const { read } = scene(t, provider);
    await heard(provider, 'configure');
    ask(provider);
    await heard(provider, 'close');
    t.match(provider.heardOf('close'), [{ code: 'out-of-turn', message: /which is not of its configuration/ }]);
    t.notOk(read.includes(PRIVATE));
    t.strictSame([provider.heardOf('proofs'), provider.heardOf('chunk')], [[], []]);
  }
});

t.test('a session that ends in the breath in which it begins is begun once again, later', async (t) => {
  const provider = new ScriptedProvider({ after: [{ type: 'close', code: 'busy', message: 'no' }] });
  const { remote, timer } = scene(t, provider);
  await until('it has ended', 5_000, () => provider.closed === 1);
  await new Promise((resolve) => setImmediate(resolve));
  t.match(remote.status, { state: 'connecting', reason: 'no' });
  t.equal(timer.pending, 1, 'one attempt is due, and no beat');
});

t.test('a provider that ends every session is asked less and less often', async (t) => {
  const provider = new ScriptedProvider({
    heard: ({ type }, provider) => {
      if (type === 'configure') provider.say({ type: 'close', code: 'quota', message: 'too much' });
    },
  });
  const { timer } = scene(t, provider);
  const waits: number[] = [];
  for (let sessions = 1; sessions <= 9; sessions++) {
    await until(`session ${sessions} has ended`, 5_000, () => provider.closed === sessions && timer.pending === 1);
    const before = timer.nowMs();
    while (provider.connections === sessions) timer.pass(50);
    waits.push(timer.nowMs() - before);
  }
  const last = waits.at(-1) ?? 0;
  t.ok(last > 10_000 && last < 2 * SESSION_BOUNDS.mostRetryMs, `waits of ${waits.join(', ')} ms`);
  t.ok(waits.every((wait, i) => i === 0 || wait >= (waits[i - 1] ?? 0)));
});

t.test('providers that come back are not asked by all hubs at the same moment', async (t) => {
  const waits = [];
  for (const random of [0, 0.999]) {
    const provider = new ScriptedProvider({ after: [{ type: 'close', code: 'busy', message: 'no' }] });
    const { timer } = scene(t, provider, { random: () => random });
    await until('it has ended', 5_000, () => timer.pending === 1);
    const before = timer.nowMs();
    while (provider.connections === 1) timer.pass(1);
    waits.push(timer.nowMs() - before);
  }
  const [least = 0, most = 0] = waits;
  t.ok(most > 1.5 * least, `${least} ms and ${most} ms`);
});

t.test('a hub that is told of the end sends nothing that is not due any more', async (t) => {
  const provider = new ScriptedProvider({ heard: isReadyForAll });
  const { remote } = scene(t, provider);
  await until('it takes the task', 5_000, () => remote.takes('task'));
  const run = remote.run({ request: REQUEST, task: 'task', epoch: 1 }, undefined);
  provider.say({ type: 'challenge', config: 1, nonce: NONCE, digests: [SENT] }, { type: 'draining', reason: 'so' });
  remote.configure([spec('task'), spec('another')]);
  await t.rejects(run, { name: 'RemoteLost' }, 'what was not sent is placed anew');
  await heard(provider, 'drain');
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  const said = provider.heard.map(({ type }) => type);
  t.strictSame(
    said.slice(said.indexOf('drain') + 1).filter((type) => type !== 'beat'),
    [],
    said.join(', '),
  );
});

t.test('a run that had to be executed again and again at a provider is executed here', async (t) => {
  const provider = new ScriptedProvider({
    heard: (message, provider) => {
      isReadyForAll(message, provider);
      if (message.type !== 'runs') return;
      // As if somebody else had just written what it read, each time.
      const reads = [{ bucket: 'task/counter/default', key: 'a', version: 2 ** 50 }];
      provider.say({ type: 'outcomes', outcomes: message.runs.map(({ n, epoch }) => ({ ...done(n), epoch, reads })) });
    },
  });
  const tasks = ['test/fixtures/guests/counter'];
  const app = '[placement]\ndefault = "prefer-remote"\nchecked = 0\n';
  const hub = await hubSide(t, { tokens: [provider.token], tasks, app, connect: provider.connect });
  await hub.ready('counter');
  const request = hub.request('counter', { topic: 'in/a' });
  for (let i = 0; i < 4; i++) await hub.runtime.run(request);
  t.strictSame(
    hub.placement.explain(request.runId).map(({ side }) => side),
    ['remote', 'remote', 'remote', 'local'],
  );
});

t.test('an answer to a run that was not sent is made up', async (t) => {
  const provider = new ScriptedProvider({ heard: isReadyForAll });
  const { remote } = scene(t, provider);
  await until('it takes the task', 5_000, () => remote.takes('task'));
  const run = remote.run({ request: REQUEST, task: 'task', epoch: 1 }, undefined);
  provider.say({ type: 'outcomes', outcomes: [done(1)] });
  await t.rejects(run, { name: 'RemoteLost' });
  t.match(remote.status, { state: 'faulty', reason: /answered run 1 before it was sent/ });
});

t.test('the state that a run may see which moves goes first, and what is said of the run names it', async (t) => {
  const provider = new ScriptedProvider({ heard: isReadyForAll });
  const stored = { version: 1, value: Buffer.from('v') };
  const state = { get: () => stored, keys: () => ['k'], keysVersion: () => 1, release: () => undefined };
  const feed = new StateFeed({ snapshot: () => state, close: () => undefined });
  const { remote } = scene(t, provider, { feed });
  const grants = { publish: [], buckets: { default: { id: 'b', access: 'read' } } } as const;
  remote.configure([{ ...spec('reads'), grants, resumable: 'all' }, spec('task')]);
  await until('it takes the tasks', 5_000, () => remote.takes('reads') && remote.takes('task'));
  const moved = async (task: string): Promise<readonly (readonly [string, unknown])[]> => {
    const before = provider.heard.length;
    remote.move({ id: `e/${task}#1`, task, message: { type: 'held', epoch: 1, point: 1 }, content: {} });
    await until('the hub says it', 5_000, () => provider.heard.slice(before).some(({ type }) => type === 'move'));
    const said = provider.heard.slice(before).filter(({ type }) => type === 'state' || type === 'move');
    return said.map((message) => [message.type, 'revision' in message ? message.revision : undefined] as const);
  };
  t.strictSame(await moved('reads'), [
    ['state', 1],
    ['move', 1],
  ]);
  t.strictSame(await moved('reads'), [['move', 1]], 'nothing is new');
  feed.note([{ reads: [], writes: [{ bucket: 'b', key: 'k', value: undefined }] }], [{ kind: 'committed' }]);
  t.strictSame(await moved('reads'), [
    ['state', 2],
    ['move', 2],
  ]);
  t.strictSame(await moved('task'), [['move', undefined]], 'it reads nothing');
});

t.test('a small checkpoint that comes to much is not unpacked, and the provider is at fault', async (t) => {
  const provider = new ScriptedProvider();
  const { remote } = scene(t, provider, { mostBytes: (id) => (id === 'e1/task#1' ? 2 ** 20 : undefined) });
  await heard(provider, 'configure');
  const bomb = bombOf(encodeCheckpoint(aCheckpoint()), 200);
  t.ok(bomb.length <= PROTOCOL_BOUNDS.chunkBytes);
  const moves = (id: string): ProviderMessage[] => [
    { type: 'piece', id, of: 'anchor', offset: 0, total: bomb.length, bytes: bomb },
    {
      type: 'move',
      id,
      task: 'task',
      message: { type: 'held', epoch: 1, point: 1 },
      leftOut: undefined,
      terms: undefined,
      why: undefined,
      result: undefined,
      anchorBytes: bomb.length,
      differenceBytes: 0,
    },
  ];
  provider.say(...moves('e1/task#0'));
  provider.say({ type: 'beat', beat: 1, queueMs: 0 });
  t.strictSame(provider.heardOf('close'), [], 'of a run that does not move here, nothing is looked at');
  provider.say(...moves('e1/task#1'));
  await heard(provider, 'close');
  const message =
    /e1\/task#1: its checkpoint is too large: it may have 1048576 bytes when it is unpacked: it has 2\d{8}/;
  t.match(provider.heardOf('close'), [{ code: 'fault', message }]);
  t.match(remote.status, { state: 'faulty', reason: message });
});
