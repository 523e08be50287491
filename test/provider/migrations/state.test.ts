/** A run that moved and reads state: what its hub has sent of it, by the hub's names. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { openStore } from '../../../hub/store/index.js';
import { newSigningKey, type StateEntry, type TaskSpec } from '../../../provider/protocol/index.js';
import { createRuntime, DEFAULT_LIMITS } from '../../../runtime/index.js';
import { lookingGuest } from '../../runtime/looking-guest.js';
import { requestOf } from '../../runtime/run-request.js';
import { providerUnderTest } from '../provider-under-test.js';
import { MovingHub, offer } from './moving-hub.js';

t.setTimeout(110_000);

const BUCKET = 'task/looking/default';
const ID = 'event-1/looking#0011';
const limits = { ...DEFAULT_LIMITS, fuel: 10_000_000_000, deadlineMs: 60_000 };
const grants = { publish: ['out'], buckets: { default: { id: BUCKET, access: 'read-write' } } } as const;
const manifest = { limits, grants, config: {}, subjects: 'verbatim' } as const;

t.test('a run that moved reads the copy of its hub’s state, and waits for it after a restart', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'sterna-moved-state-'));
  const file = join(dir, 'state.db');
  const store = openStore(file);
  const values = ['1', '2'].map((key) => ({ bucket: BUCKET, key, value: Buffer.from(`value ${key}`) }));
  store.commit([{ reads: [], writes: values }]);
  const state = { module: new URL('../../../hub/store/reader.js', import.meta.url), options: { file } };
  const runtime = await createRuntime({ threads: 1, cacheDir: join(dir, 'components'), state });
  t.teardown(async () => {
    await runtime.close();
    await store.close();
    await rm(dir, { recursive: true });
  });
  const component = await lookingGuest(20_000_000);
  const installed = await runtime.install(component, limits, { resumable: 'all' });
  const request = requestOf({ manifest: manifest as never }, installed, { runId: 'event-1/looking' });
  const undisturbed = await runtime.run(request);
  const begun = await runtime.begin(request).suspend();
  const digest = createHash('sha256').update(component).digest('hex');
  const bytes = component.length;
  const spec: TaskSpec = { name: 'looking', digest, bytes, ...manifest, resumable: 'all' };

  const [key, providerKey] = [newSigningKey(), newSigningKey()];
  const dataDir = join(dir, 'provider');
  const first = await providerUnderTest(t, { dataDir, key: providerKey });
  const token = await first.invite();
  const hub = new MovingHub(token, key);
  t.teardown(() => hub.cut());
  await hub.open([spec], component);
  const entries: StateEntry[] = values.map(({ bucket, key, value }) => ({ bucket, key, value, version: 1 }));
  const said = { type: 'state', revision: 1, reset: true, entries, sets: [{ bucket: BUCKET, version: 1 }] } as const;
  hub.revision = 1;
  hub.say(ID, 'looking', offer(), { content: { anchor: begun } });
  const taken = await hub.hearA('point');
  hub.say(ID, 'looking', { type: 'held', epoch: 1, point: taken.message.point });
  hub.raw.send({ type: 'beat', beat: 1_000 });
  while ((await hub.raw.next('beat')).beat !== 1_000);
  const executed = ({ raw }: MovingHub): boolean => raw.received.filter(({ type }) => type === 'move').length > 1;
  t.notOk(executed(hub), 'it waits for the state that its hub says it is to see');
  await first.close();

  const second = await providerUnderTest(t, { dataDir, key: providerKey, port: first.port });
  const again = new MovingHub({ ...token, url: `ws://127.0.0.1:${second.port}` }, key);
  t.teardown(() => again.cut());
  await again.open([spec], component);
  const kept = await again.hearA('point');
  t.strictSame(kept.message.point, taken.message.point, 'what is on disk is taken up');
  again.raw.send({ type: 'beat', beat: 2_000 });
  while ((await again.raw.next('beat')).beat !== 2_000);
  // It has the second value alone first: the state comes in two pieces.
  again.raw.send({ ...said, entries: entries.slice(1), sets: [] });
  // As long as it would take to begin, and read what is there.
  await new Promise((resolve) => setTimeout(resolve, 500));
  again.raw.send({ ...said, revision: 2, reset: false, entries: entries.slice(0, 1) });
  again.revision = 2;
  again.say(ID, 'looking', { type: 'held', epoch: 1, point: kept.message.point });
  let { message, content } = await again.hearA('point');
  while (!message.end) {
    again.say(ID, 'looking', { type: 'held', epoch: 1, point: message.point });
    ({ message, content } = await again.hearA('point'));
  }
  const { result } = content;
  t.match(result, {
    outcome: { kind: 'completed' },
    reads: [{ bucket: BUCKET, key: '1', version: 1 }],
    listed: [{ bucket: BUCKET, version: 1 }],
    usage: { fuel: undisturbed.usage.fuel },
  });
  t.strictSame(
    result?.effects.map((effect) => effect.kind === 'publish' && Buffer.from(effect.payload)),
    undisturbed.effects.map((effect) => effect.kind === 'publish' && Buffer.from(effect.payload)),
  );
});
