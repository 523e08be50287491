/** What a provider, or a disk, has no more room for: the run goes on at one side, it is told why, and nothing else stops. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PROVIDER_BOUNDS, type ProviderPolicy } from '../../../provider/policy.js';
import type { Terms } from '../../../provider/protocol/migration/index.js';
import { smallDisk, smallDiskMissing } from '../../fixtures/small-disk.js';
import { until } from '../../runtime/eventually.js';
import type { RealHub } from '../parking/real-hub.js';
import { countingHub } from './counting-hub.js';
import { PEER } from './peer-links.js';
import { ProviderPeer } from './provider-peer.js';
import { executes } from './scene.js';
import { published } from './stepping-runtime.js';

t.setTimeout(110_000);

/** More than a test waits for, while the sides wait for each other. */
const LONG = '100000';

interface Scene {
  readonly hub: RealHub;
  readonly peer: ProviderPeer;
  readonly clock: { nowMs: number };
  /** Begins a run. @returns its id. */
  readonly begin: (key: string, steps: string) => Promise<string>;
  /** Has a run move, as soon as it may. */
  readonly move: (run: string) => Promise<void>;
  /** What was published, in order. */
  readonly said: () => readonly string[];
}

interface SceneOptions {
  readonly terms?: Partial<Terms>;
  readonly policy?: Partial<ProviderPolicy>;
  readonly hubDir?: string;
  readonly providerDir?: string | undefined;
}

async function scene(t: Test, { terms, policy, hubDir = t.testdir({}), providerDir }: SceneOptions): Promise<Scene> {
  const clock = { nowMs: 1_790_000_000_000 };
  const peer = new ProviderPeer(policy, () => clock.nowMs);
  const hub = await countingHub(t, { dir: hubDir, placement: peer.placement({ mode: 'synchronous', ...terms }) });
  t.teardown(() => peer.gone());
  await peer.start(providerDir);
  const [task] = hub.hub.tasks;
  if (task === undefined) throw new Error('there is no task');
  peer.link(task);
  return {
    hub,
    peer,
    clock,
    begin: async (key, steps) => {
      const before = new Set(hub.hub.currentRuns.list().map(({ runId }) => runId));
      hub.send(`long/count/${key}`, steps);
      const found = (): string | undefined =>
        hub.hub.currentRuns.list().find(({ runId, where }) => where === 'thread' && !before.has(runId))?.runId;
      await until('it has a thread', 10_000, () => found() !== undefined);
      return found() ?? '';
    },
    move: async (run) => {
      t.same(await hub.hub.migrations.migrate(run, PEER, 'by hand'), { ok: true });
    },
    said: () => hub.link.published.map(({ payload }) => Buffer.from(payload).toString()),
  };
}

t.test('a provider without room for one more run says so, the hub keeps it, and the others go on', async (t) => {
  const { hub, peer, begin, move, said } = await scene(t, { policy: { stubBytes: 30_000 } });
  const { migrations } = hub.hub;
  const first = await begin('a', '600');
  await move(first);
  await executes(hub, first, 'provider');
  const second = await begin('b', '300');
  await move(second);
  await until('it is refused', 10_000, () => /runs of a hub that move may have/.test(migrations.of(second)?.why ?? ''));
  t.match(migrations.of(second), {
    executes: 'hub',
    why: /does not take it: runs of a hub that move may have 30000 bytes here: they would have \d+$/,
  });
  t.match(migrations.of(first), { executes: 'provider' }, 'the other one is where it was');
  await until('both have ended', 60_000, () => said().length === 2);
  t.equal(
    said()
      .map((text) => text.split(' ')[0])
      .join(),
    '1,2',
  );
  await until('nothing is left there', 10_000, () => peer.executing === 0);
  const third = await begin('c', '600');
  await move(third);
  await executes(hub, third, 'provider');
  t.same(hub.hub.currentRuns.cancel(third), { ok: true });
  await hub.tells('long cancelled');
});

t.test('what nobody came back for in a day goes, and its hub has gone on alone', async (t) => {
  const providerDir = join(t.testdir({}), 'migrations');
  const { hub, peer, clock, begin, move, said } = await scene(t, { terms: { responsible: 'hub' }, providerDir });
  const files = (): number =>
    readdirSync(providerDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).length;
  const run = await begin('a', '400');
  await move(run);
  await executes(hub, run, 'provider');
  peer.cut();
  clock.nowMs += PROVIDER_BOUNDS.keptStubMs - 1;
  peer.look();
  t.ok(files() >= 2, 'a stub, and what it goes on from');
  clock.nowMs += 1;
  peer.look();
  await until('they are gone', 10_000, () => files() === 0);
  await until('it has ended here', 60_000, () => said().length === 1);
  t.strictSame(said(), [published(1, 400)]);
  const [task] = hub.hub.tasks;
  if (task !== undefined) peer.link(task);
  const next = await begin('b', '400');
  await move(next);
  await executes(hub, next, 'provider');
  await until('another one has moved and ended', 60_000, () => said().length === 2);
  t.equal(said()[1], published(2, 400));
});

t.test('a disk that is full there ends no run: it goes on here', { skip: smallDiskMissing() }, async (t) => {
  const disk = smallDisk(t, 4);
  const { hub, peer, begin, move, said } = await scene(t, { providerDir: join(disk.directory, 'migrations') });
  const { migrations } = hub.hub;
  const run = await begin('a', LONG);
  await move(run);
  await executes(hub, run, 'provider');
  disk.fill();
  await executes(hub, run, 'hub');
  t.match(migrations.of(run)?.why, /does not take it: ENOSPC/);
  t.match(peer.refused, [/ENOSPC/]);
  t.equal(peer.executing, 0, 'it executes at one side');
  t.same(hub.hub.currentRuns.cancel(run), { ok: true });
  await hub.tells('long cancelled');
  disk.free();
  const next = await begin('b', '400');
  await move(next);
  await executes(hub, next, 'provider');
  await until('another one has moved and ended', 60_000, () => said().length === 1);
  t.strictSame(said(), [published(1, 400)]);
});

t.test('a disk that is full here ends no run: it goes on here alone', { skip: smallDiskMissing() }, async (t) => {
  const disk = smallDisk(t, 16);
  const { hub, peer, begin, move, said } = await scene(t, { hubDir: disk.directory });
  const { migrations } = hub.hub;
  const run = await begin('a', '3000');
  await move(run);
  await executes(hub, run, 'provider');
  // Where its row was to be written just then, it stands still instead, until there is room.
  let [point, sinceMs] = [-1, performance.now()];
  await until('it is kept here, or stands still', 30_000, () => {
    disk.fill();
    const now = migrations.of(run)?.point ?? 0;
    if (now !== point) [point, sinceMs] = [now, performance.now()];
    return migrations.jobs.length === 0 || performance.now() - sinceMs > 2_000;
  });
  if (migrations.jobs.length === 0) {
    t.match(migrations.of(run)?.notes.at(-1), { what: 'kept-here', why: /ENOSPC/ });
    await until('the provider has it no more', 10_000, () => peer.executing === 0);
  } else t.match(migrations.of(run), { executes: 'provider' });
  t.strictSame(said(), [], 'and nothing of it is seen before it is on disk');
  disk.free();
  await until('it has ended', 60_000, () => said().length === 1);
  t.strictSame(said(), [published(1, 3_000)]);
  t.equal(hub.seen.filter(({ kind }) => kind === 'run-finished').length, 1);
});
