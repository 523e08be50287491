/** What is kept of prepared components: no more than may be, and nothing goes that somebody needs. */
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PROVIDER_BOUNDS } from '../../provider/policy.js';
import { PreparedFolder } from '../../provider/prepared-folder.js';
import { newSigningKey } from '../../provider/protocol/index.js';
import type { InstalledTask } from '../../runtime/index.js';
import { builtTask } from '../runtime/built-task.js';
import { providerUnderTest } from './provider-under-test.js';
import { RawHub, specOf } from './raw-hub.js';

t.setTimeout(110_000);

const NOW_MS = 1_790_000_000_000;
const BYTES = 100;

interface Scene {
  readonly dir: string;
  readonly folder: PreparedFolder;
  /** Installs a component of this key, as the runtime does. */
  readonly install: (key: string, meanwhile?: Promise<void>) => Promise<InstalledTask>;
  readonly there: () => readonly string[];
}

async function scene(t: Test, dir = t.testdir({})): Promise<Scene> {
  let nowMs = NOW_MS;
  const folder = await PreparedFolder.open({ dir, mostBytes: 2 * BYTES, nowMs: () => nowMs++ });
  const install: Scene['install'] = (key, meanwhile) =>
    folder.during(async () => {
      const isThere = readdirSync(dir).includes(key);
      await meanwhile;
      if (isThere) readdirSync(join(dir, key));
      else prepare(dir, key);
      return { key, digest: key, imports: [], initialMemoryBytes: 0, startFuel: 0 };
    });
  return { dir, folder, install, there: () => readdirSync(dir).toSorted() };
}

function prepare(dir: string, key: string): void {
  mkdirSync(join(dir, key));
  writeFileSync(join(dir, key, 'core.wasm'), Buffer.alloc(BYTES));
}

t.test('what nobody uses, and was used longest ago, goes where there is too much', async (t) => {
  const { folder, install, there } = await scene(t);
  for (const key of ['a', 'b', 'c']) await install(key);
  t.strictSame(there(), ['a', 'b', 'c'], 'what is in use stays, however much it is');
  for (const key of ['b', 'a', 'c']) folder.release(key);
  await install('b');
  t.strictSame(there(), ['b', 'c']);
  await install('d');
  await install('e');
  t.strictSame(there(), ['b', 'd', 'e'], 'each time');
});

t.test('what an installation has found stays until it uses it, and a second waits until there is room', async (t) => {
  const { folder, install, there } = await scene(t);
  for (const key of ['a', 'b', 'c']) folder.release((await install(key)).key);
  let goOn = (): void => undefined;
  const slow = install('b', new Promise((resolve) => (goOn = resolve)));
  await install('d');
  const last = install('e');
  t.ok(there().includes('b'));
  goOn();
  await slow;
  await last;
  t.strictSame(there(), ['b', 'd', 'e'], 'those that are in use');
});

t.test('of one that cannot be installed, what was prepared counts', async (t) => {
  const { dir, folder, there } = await scene(t);
  for (const key of ['a', 'b', 'c', 'd']) {
    const failing = folder.during(() => {
      prepare(dir, key);
      return Promise.reject(new Error('its start functions ran out of fuel'));
    });
    await t.rejects(failing);
  }
  await folder.during(() =>
    Promise.resolve({ key: 'x', digest: 'x', imports: [], initialMemoryBytes: 0, startFuel: 0 }),
  );
  t.strictSame(there(), ['c', 'd']);
});

t.test('what an earlier process has left counts, and what a kill has left goes', async (t) => {
  const dir = t.testdir({});
  for (const [i, key] of ['a', 'b', 'c', '.new-1', '.new-2'].entries()) {
    prepare(dir, key);
    const atMs = NOW_MS - (key === '.new-1' ? 2 * PROVIDER_BOUNDS.unfinishedMs : 1_000 - i);
    utimesSync(join(dir, key), atMs / 1_000, atMs / 1_000);
  }
  const { there } = await scene(t, dir);
  t.strictSame(there(), ['.new-2', 'b', 'c']);
});

t.test('a hub that has one component prepared under limit after limit does not fill the disk', async (t) => {
  const times = { helloMs: 60_000, heartbeatMs: 1_000, leaseMs: 60_000 };
  const { component } = await builtTask('test/fixtures/guests/counter');
  const provider = await providerUnderTest(t, { times, policy: { preparedBytes: 1 } });
  const hub = new RawHub(await provider.invite(), newSigningKey());
  t.teardown(() => hub.cut());
  await hub.open();
  const { limits } = specOf('counter', component);
  for (let config = 1; config <= 4; config++) {
    const memoryBytes = limits.memoryBytes + config * 65_536;
    await hub.configure(config, [specOf('counter', component, { limits: { ...limits, memoryBytes } })], component);
    t.match((await hub.next('ready')).tasks, [{ state: 'ready' }]);
  }
  const there = readdirSync(join(provider.dataDir, 'prepared'));
  t.ok(there.length <= 2, `${there.length}: the one of now, and the one before, which was in use when that came`);
});
