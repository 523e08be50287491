/**
 * What any provider must do: run against the address in STERNA_PROVIDER_TOKEN, a join token that nobody has used, or
 * else against `sterna provider` as a process of its own, over TLS.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { encodeFrame, newSigningKey, readJoinToken, type JoinToken } from '../../provider/protocol/index.js';
import { builtTask } from '../runtime/built-task.js';
import { kept, longRun, RUN, TASK } from './migrations/long-run.js';
import { MovingHub, offer } from './migrations/moving-hub.js';
import { freePort } from '../fixtures/free-port.js';
import { ProviderProcess, sterna } from './provider-process.js';
import { paddedComponent } from './padded-component.js';
import { RawHub, runOf, specOf } from './raw-hub.js';

t.setTimeout(150_000);

const token = await tokenFor(t);
const key = newSigningKey();
const { component } = await builtTask('test/fixtures/guests/counter');
const spin = (await builtTask('guest-tasks/rogue/spin')).component;

async function tokenFor(t: Test): Promise<JoinToken> {
  const given = process.env['STERNA_PROVIDER_TOKEN'];
  const line = given ?? (await startedProvider(t));
  const read = readJoinToken(line);
  if (!read.ok) throw new Error(read.fault);
  return read.token;
}

async function startedProvider(t: Test): Promise<string> {
  const data = join(t.testdir({}), 'provider');
  const port = await freePort();
  const line = await sterna('provider', 'init', '--data', data, '--address', `127.0.0.1:${port}`);
  await ProviderProcess.start(t, port, data);
  return line.trim();
}

/** A hub that is known, unless the test is about that. */
function hub(t: Test, change: { readonly token?: JoinToken; readonly key?: typeof key } = {}): RawHub {
  const raw = new RawHub(change.token ?? token, change.key ?? key);
  t.teardown(() => raw.cut());
  return raw;
}

async function ready(t: Test): Promise<RawHub> {
  const raw = hub(t);
  await raw.open();
  await raw.configure(1, [specOf('counter', component)], component);
  await raw.next('ready');
  return raw;
}

t.test('a hub with a join token is let in, and then known without it', async (t) => {
  const stranger = hub(t, { token: { ...token, secret: Buffer.alloc(32) } });
  stranger.send(stranger.hello(await stranger.connect()));
  t.match(await stranger.refusal(), /^identity: /);
  const first = hub(t);
  const welcome = await first.open();
  t.match(welcome, { version: 2, stubs: /^(disk|memory)$/ });
  t.ok(welcome.stateBytes > 0);
  t.ok(welcome.window > 0 && welcome.heartbeatMs > 0 && welcome.leaseMs > welcome.heartbeatMs);
  const again = hub(t, { token: { ...token, secret: Buffer.alloc(32) } });
  await again.open();
  t.match(await first.refusal(), /^done: the hub has begun another session/, 'a hub has one session');
  const another = hub(t, { key: newSigningKey() });
  another.send(another.hello(await another.connect()));
  t.match(await another.refusal(), /^identity: /, 'a token is used up');
});

t.test('a hello that was said on another connection, or by another key, is worth nothing', async (t) => {
  const one = hub(t);
  const hello = one.hello(await one.connect());
  const replayed = hub(t);
  await replayed.connect();
  replayed.send(hello);
  t.match(await replayed.refusal(), /^identity: The signature of the hello/);
  const forged = hub(t, { key: newSigningKey() });
  forged.send({ ...forged.hello(await forged.connect()), key: key.publicKey });
  t.match(await forged.refusal(), /^identity: The signature of the hello/);
});

t.test('what is not said in turn, or is no message, ends the session and says why', async (t) => {
  const cases: readonly (readonly [string, RegExp, (raw: RawHub) => void])[] = [
    ['runs first', /^out-of-turn: .*first message must be hello/, (raw) => raw.send({ type: 'runs', runs: [] })],
    ['no JSON', /^malformed: /, (raw) => raw.sendBytes(Buffer.from([1, 0, 0, 0, 0x7b]))],
    [
      'an unknown message',
      /^unknown-message: /,
      (raw) => raw.sendBytes(encodeFrame({ header: { type: 'x' }, parts: [] })),
    ],
    ['a large hello', /^too-large: A hello must have at most/, (raw) => raw.sendBytes(Buffer.alloc(20_000))],
  ];
  for (const [what, refusal, say] of cases) {
    const raw = hub(t);
    await raw.connect();
    say(raw);
    t.match(await raw.refusal(), refusal, what);
  }
  const wrong = hub(t);
  wrong.send({ ...wrong.hello(await wrong.connect()), version: 77 });
  t.match(await wrong.refusal(), /^version: /);
  const early = hub(t);
  await early.open();
  early.send({ type: 'runs', runs: [runOf(1, 'counter')] });
  t.match(await early.refusal(), /^out-of-turn: .*no configuration is ready yet/);
});

t.test('a message above the bound ends the link', async (t) => {
  const raw = hub(t);
  await raw.open();
  raw.sendBytes(Buffer.alloc(9_000_000));
  await t.rejects(raw.next('close'));
});

t.test(
  'a component is wanted until its bytes are there, goes on after a cut, and is refused when they are others',
  async (t) => {
    const unique = (length: number): Uint8Array => paddedComponent(component, length, `${process.pid} ${length}`);
    const large = unique(300_000);
    const spec = specOf('large', large);
    const cut = hub(t);
    await cut.open();
    cut.send({ type: 'configure', config: 1, tasks: [spec] });
    await cut.next('challenge');
    cut.send({ type: 'proofs', config: 1, proofs: [{ digest: spec.digest, proof: Buffer.alloc(32) }] });
    t.strictSame((await cut.next('wanted')).components, [{ digest: spec.digest, offset: 0 }]);
    cut.send({ type: 'chunk', digest: spec.digest, offset: 0, bytes: large.subarray(0, 200_000) });
    t.equal((await cut.next('stored')).bytes, 200_000);
    cut.cut();
    const resumed = hub(t);
    await resumed.open();
    t.equal(await resumed.configure(1, [spec], large), large.length - 200_000, 'what has come is not sent again');
    t.match((await resumed.next('ready')).tasks, [{ name: 'large', state: 'ready', limits: spec.limits }]);
    const known = hub(t);
    await known.open();
    t.equal(await known.configure(1, [spec], large), 0, 'who has it uploads nothing');
    const corrupted = Buffer.from(unique(1_000));
    const named = specOf('corrupted', corrupted);
    corrupted[corrupted.length - 1] = 7;
    const third = hub(t);
    await third.open();
    await third.configure(1, [named], corrupted);
    t.match((await third.next('ready')).tasks, [{ state: 'refused', message: /has the sha256 [0-9a-f]{64} and not/ }]);
    third.send({ type: 'configure', config: 2, tasks: [spec] });
    const { nonce } = await third.next('challenge');
    const outOfPlace = { type: 'chunk', digest: spec.digest, offset: 5, bytes: large.subarray(5, 10) } as const;
    t.ok(nonce.length === 32);
    third.send({ type: 'proofs', config: 2, proofs: [] });
    if ((await third.next('wanted')).components.length > 0) {
      third.send(outOfPlace);
      t.match(await third.refusal(), /^out-of-turn: A piece .* must begin at/);
    }
  },
);

t.test('a hub learns of no component that it cannot show to have', async (t) => {
  const raw = await ready(t);
  const spec = specOf('other', component);
  const fresh = hub(t);
  await fresh.open();
  const unknown = { ...spec, name: 'unknown', digest: createHash('sha256').update('nobody has this').digest('hex') };
  fresh.send({ type: 'configure', config: 1, tasks: [spec, unknown] });
  const { digests } = await fresh.next('challenge');
  t.strictSame([...digests].toSorted(), [spec.digest, unknown.digest].toSorted(), 'both are asked for');
  const made = digests.map((digest) => ({ digest, proof: Buffer.alloc(32, 1) }));
  fresh.send({ type: 'proofs', config: 1, proofs: made });
  const { components } = await fresh.next('wanted');
  t.strictSame(components.map(({ digest }) => digest).toSorted(), [spec.digest, unknown.digest].toSorted());
  raw.cut();
});

t.test('runs are answered, each once, with what they came to', async (t) => {
  const raw = await ready(t);
  raw.send({
    type: 'state',
    revision: 1,
    reset: true,
    sets: [],
    entries: [{ bucket: 'task/counter/default', key: 'a', version: 7, value: Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]) }],
  });
  raw.send({ type: 'runs', runs: [runOf(1, 'counter', { revision: 1 }), runOf(2, 'counter', { revision: 2 })] });
  const first = (await raw.next('outcomes')).outcomes;
  t.match(first, [
    {
      n: 1,
      epoch: 1,
      outcome: { kind: 'completed' },
      reads: [{ bucket: 'task/counter/default', key: 'a', version: 7 }],
      effects: [
        { kind: 'set', bucket: 'task/counter/default', key: 'a' },
        { kind: 'publish', topic: 'count/a', payload: Buffer.from('5 payload 1') },
      ],
    },
  ]);
  const entries = [{ bucket: 'task/counter/default', key: 'a', version: 8, value: undefined }];
  raw.send({ type: 'state', revision: 2, reset: false, entries, sets: [] });
  const second = (await raw.next('outcomes')).outcomes;
  t.match(second, [{ n: 2, reads: [{ version: 0 }] }], 'a run waits for the state that it needs');
  raw.send({ type: 'runs', runs: [runOf(3, 'counter', { revision: 9 })] });
  raw.send({ type: 'cancel', n: 3 });
  t.match((await raw.next('outcomes')).outcomes, [{ n: 3, outcome: { kind: 'cancelled' } }]);
  raw.send({ type: 'beat', beat: 41 });
  t.match(await raw.next('beat'), { beat: 41 });
  raw.send({ type: 'runs', runs: [runOf(4, 'no-such-task')] });
  t.match(await raw.refusal(), /^out-of-turn: No task "no-such-task" is ready/);
});

t.test('a configuration is replaced while runs go on, and the session drains', async (t) => {
  const raw = hub(t);
  await raw.open();
  const limits = { ...specOf('x', spin).limits, fuel: 1_000_000_000_000, deadlineMs: 700 };
  await raw.configure(1, [specOf('spin', spin, { limits })], spin);
  await raw.next('ready');
  raw.send({ type: 'runs', runs: [runOf(1, 'spin')] });
  await raw.configure(2, [specOf('counter', component)], component);
  t.match((await raw.next('ready')).tasks, [{ name: 'counter', state: 'ready' }]);
  raw.send({ type: 'runs', runs: [runOf(2, 'counter')] });
  raw.send({ type: 'drain' });
  const ends = new Map<number, string>();
  while (ends.size < 2) for (const { n, outcome } of (await raw.next('outcomes')).outcomes) ends.set(n, outcome.kind);
  t.strictSame(Object.fromEntries(ends), { 1: 'deadline', 2: 'completed' });
  t.match(await raw.refusal(), /^done: /);
});

t.test('the window and the quotas hold', async (t) => {
  const raw = hub(t);
  const { window } = await raw.open();
  await raw.configure(1, [specOf('counter', component)], component);
  await raw.next('ready');
  const runs = Array.from({ length: window + 1 }, (_, i) => runOf(i, 'counter', { revision: 5 }));
  for (let from = 0; from < runs.length; from += 200) raw.send({ type: 'runs', runs: runs.slice(from, from + 200) });
  t.match(await raw.refusal(), /^window: /);
  const greedy = hub(t);
  await greedy.open();
  const large = { ...specOf('large', paddedComponent(component, 10, 'large')), bytes: 2 ** 40 };
  await greedy.configure(1, [large, specOf('counter', component)], component);
  const { tasks } = await greedy.next('ready');
  t.match(tasks, [
    { name: 'large', state: 'refused', message: String },
    { name: 'counter', state: 'ready' },
  ]);
});

t.test(
  'a run that moves is executed to the end that it has at home, and what cannot be executed is declined',
  async (t) => {
    const run = await longRun(t, 20);
    const moving = new MovingHub(token, key);
    t.teardown(() => moving.cut());
    await moving.open([run.spec, { ...run.spec, name: 'plain', resumable: undefined }], run.component);
    const begun = await run.begun();
    moving.say(`${RUN}#1`, 'plain', offer({ epoch: 4 }), { content: { anchor: begun } });
    t.match(await moving.hear(), { id: `${RUN}#1`, message: { type: 'nothing', epoch: 4 } }, 'it is not resumable');
    moving.say(`${RUN}#2`, TASK, { type: 'held', epoch: 7, point: 3 });
    t.match(await moving.hear(), { id: `${RUN}#2`, message: { type: 'nothing', epoch: 7 } }, 'it is not known');
    moving.say('event-9/forecast#3', TASK, offer(), { content: { anchor: begun } });
    t.match(await moving.hear(), { message: { type: 'nothing', epoch: 0 } }, 'it is another run');
    const id = `${RUN}#${randomBytes(8).toString('hex')}`;
    moving.say(id, TASK, offer(), { content: { anchor: begun } });
    let { message, content } = await moving.hearA('point');
    for (; !message.end; { message, content } = await moving.hearA('point')) {
      t.match(message, { epoch: 1, offer: false });
      moving.say(id, TASK, { type: 'held', epoch: 1, point: message.point });
    }
    t.strictSame(content.result && kept(content.result), kept(run.undisturbed));
    moving.say(id, TASK, { type: 'over' });
    const late = `${RUN}#${randomBytes(8).toString('hex')}`;
    moving.say(late, TASK, offer(), { content: { anchor: begun } });
    let point = await moving.hearA('point');
    const { limits } = run.spec;
    const stricter = { ...run.spec, limits: { ...limits, fuel: limits.fuel - 1 } };
    await moving.raw.configure(2, [stricter], run.component);
    await moving.raw.next('ready');
    for (; !point.message.end; point = await moving.hearA('point')) {
      moving.say(late, TASK, { type: 'held', epoch: 1, point: point.message.point });
    }
    const end = point.content.result && kept(point.content.result);
    t.strictSame(end, kept(run.undisturbed), 'a run that is there ends on the version that it came with');
    moving.say(late, TASK, { type: 'over' });
    moving.say(`${RUN}#4`, TASK, offer(), { content: { anchor: begun } });
    t.match(
      await moving.hear(),
      { id: `${RUN}#4`, message: { type: 'nothing' } },
      'one that comes later is of the new one',
    );
    await moving.said(id);
    moving.raw.send({ type: 'piece', id, of: 'anchor', offset: 5, total: 9, bytes: Buffer.alloc(4) });
    t.match(await moving.raw.refusal(), /^out-of-turn: /);
  },
);

t.test('who says nothing for the time of the lease is let go', async (t) => {
  const raw = hub(t);
  await raw.open();
  t.match(await raw.refusal(), /^lease: Nothing was heard for/);
});
