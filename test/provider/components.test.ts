import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ComponentStore } from '../../provider/components.js';
import { Installations } from '../../provider/installations.js';
import { newSigningKey } from '../../provider/protocol/index.js';
import { DEFAULT_LIMITS, type InstalledTask } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { paddedComponent } from './padded-component.js';
import { providerUnderTest } from './provider-under-test.js';
import { RawHub, specOf } from './raw-hub.js';
import { ALL_ARE_KEPT } from './all-are-kept.js';

const COMPONENT = Buffer.alloc(3_000, 'component');
const OWNER = 'ab';
const HOUR_MS = 3_600_000;
const BOUNDS = { storeBytes: 1_000_000, uploadBytes: 1_000_000, keptUploadMs: HOUR_MS, nowMs: Date.now };

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function openStore(t: Test, storeBytes = 1_000_000): Promise<{ dir: string; store: ComponentStore }> {
  const dir = t.testdir({});
  return { dir, store: await ComponentStore.open({ ...BOUNDS, dir, storeBytes }) };
}

/** Kept, and used by nobody. */
async function kept(store: ComponentStore, component: Uint8Array): Promise<string> {
  const digest = digestOf(component);
  const upload = await store.upload(OWNER, digest, component.length);
  await upload.append(component);
  if ((await upload.finish()) !== undefined) throw new Error('it was not kept');
  store.release(digest);
  return digest;
}

t.test('one upload of a component goes on at a time: an earlier one has no more say', async (t) => {
  const { dir, store } = await openStore(t);
  const digest = digestOf(COMPONENT);
  const first = await store.upload(OWNER, digest, COMPONENT.length);
  await first.append(COMPONENT.subarray(0, 1_000));
  const late = first.append(COMPONENT.subarray(1_000, 2_000));
  const second = await store.upload(OWNER, digest, COMPONENT.length);
  await late;
  t.equal(second.received, 2_000, 'what was under way is waited for');
  await t.rejects(first.append(COMPONENT.subarray(2_000)), /given up/);
  await second.append(COMPONENT.subarray(2_000));
  t.equal(await second.finish(), undefined);
  t.strictSame(readFileSync(join(dir, 'components', digest)), COMPONENT);
});

t.test('what is kept under a digest cannot be added to by an upload that claims to be longer', async (t) => {
  const { dir, store } = await openStore(t);
  const digest = digestOf(COMPONENT);
  const first = await store.upload(OWNER, digest, COMPONENT.length);
  await first.append(COMPONENT);
  const finishing = first.finish();
  // The first session's file is looked at, while a second session of the same hub goes on with it.
  const second = await store.upload(OWNER, digest, COMPONENT.length + 100);
  await finishing;
  await second.append(Buffer.alloc(100, 'poison'));
  await second.suspend();
  t.strictSame(readFileSync(join(dir, 'components', digest)), COMPONENT);
});

t.test('a component that was changed on disk is not installed, and is asked for again', async (t) => {
  const { dir, store } = await openStore(t);
  const digest = await kept(store, COMPONENT);
  appendFileSync(join(dir, 'components', digest), 'more');
  const uninstalled: string[] = [];
  const runtime = {
    install: (bytes: Uint8Array): Promise<InstalledTask> => {
      const found = digestOf(bytes);
      return Promise.resolve({ key: found, digest: found, imports: [], initialMemoryBytes: 0, startFuel: 0 });
    },
    uninstall: (key: string) => uninstalled.push(key),
  };
  const installations = new Installations(runtime, store, ALL_ARE_KEPT);
  await t.rejects(installations.install({ digest, limits: DEFAULT_LIMITS }), /was changed on disk/);
  t.notOk(store.has(digest));
  t.notOk(existsSync(join(dir, 'components', digest)));
  t.equal(await kept(store, COMPONENT), digest);
  const again = await installations.install({ digest, limits: DEFAULT_LIMITS });
  t.equal(again.installed.digest, digest);
  again.release();
});

t.test('what is used is not removed to make room, and goes when it is not', async (t) => {
  const { dir, store } = await openStore(t, 5_000);
  const used = await kept(store, COMPONENT);
  store.use(used);
  const unused = await kept(store, Buffer.alloc(1_500, 'b'));
  const last = await kept(store, Buffer.alloc(1_500, 'c'));
  t.strictSame(new Set(readdirSync(join(dir, 'components'))), new Set([used, last]), `${unused} went`);
  store.release(used);
  await kept(store, Buffer.alloc(2_000, 'd'));
  t.notOk(store.has(used));
});

t.test('a configuration of more than there is room for is installed whole', async (t) => {
  const { component } = await builtTask('test/fixtures/guests/counter');
  const components = ['one', 'two', 'three'].map((name) => paddedComponent(component, 50_000, name));
  const times = { helloMs: 60_000, heartbeatMs: 1_000, leaseMs: 60_000 };
  const provider = await providerUnderTest(t, { policy: { storeBytes: 60_000 }, times });
  const hub = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  const tasks = components.map((each, i) => specOf(`task-${i}`, each));
  hub.send({ type: 'configure', config: 1, tasks });
  const { digests } = await hub.next('challenge');
  hub.send({ type: 'proofs', config: 1, proofs: [] });
  const { components: wanted } = await hub.next('wanted');
  t.equal(wanted.length, digests.length);
  for (const [i, { digest }] of tasks.entries()) {
    hub.send({ type: 'chunk', digest, offset: 0, bytes: components[i] ?? Buffer.alloc(0) });
    await hub.next('stored');
  }
  t.strictSame(
    (await hub.next('ready')).tasks.map(({ name, state }) => `${name} ${state}`),
    ['task-0 ready', 'task-1 ready', 'task-2 ready'],
  );
});

t.test('uploads that nobody goes on with are bounded in time and in bytes, the oldest goes first', async (t) => {
  const dir = t.testdir({});
  const store = await ComponentStore.open({ ...BOUNDS, dir, uploadBytes: 2_500 });
  for (const [age, owner] of [3, 2, 1].map((age) => [age, `a${age}`] as const)) {
    const upload = await store.upload(owner, digestOf(COMPONENT), COMPONENT.length);
    await upload.append(COMPONENT.subarray(0, 1_000));
    await upload.suspend();
    const atSeconds = Date.now() / 1_000 - age * 60;
    utimesSync(join(dir, 'uploads', `${owner}-${digestOf(COMPONENT)}`), atSeconds, atSeconds);
  }
  const owners = (): readonly string[] => readdirSync(join(dir, 'uploads')).map((name) => name.slice(0, 2));
  const upload = await store.upload('b', digestOf(COMPONENT), COMPONENT.length);
  t.strictSame(owners(), ['a1', 'a2', 'b-']);
  const later = await ComponentStore.open({ ...BOUNDS, dir, nowMs: () => Date.now() + HOUR_MS - 90_000 });
  await later.forgetStaleUploads();
  t.strictSame(owners(), ['a1', 'b-']);
  await upload.suspend();
});
