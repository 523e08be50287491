/** Long runs that placement begins at a provider, in a real hub with a real provider: they are runs that move. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Placement } from '../../../hub/placement/index.js';
import { PLACEMENT_BOUNDS } from '../../../hub/placement/limits.js';
import type { ProviderPolicy } from '../../../provider/policy.js';
import { newSigningKey } from '../../../provider/protocol/index.js';
import { startShapingProxy, type ShapingProxy } from '../../../sim/shaping-proxy.js';
import { providerUnderTest } from '../../provider/provider-under-test.js';
import { until } from '../../runtime/eventually.js';
import { longToml, realHub, type RealHub } from '../parking/real-hub.js';
import { placementBy } from './placement-under-test.js';

t.setTimeout(240_000);

/** Turns of the loop: some seconds, and next to nothing. */
const TURNS = '1000000000';
const FEW = '1000';

/** Fuel per millisecond of a side that was not measured. */
const ASSUMED = PLACEMENT_BOUNDS.fuelPerMs;

const TASKS = { long: longToml('long', '', 'every = "100 ms"\n') };
const APP = '[placement]\ndefault = "prefer-remote"\nchecked = 0\n';
const TIMES = { helloMs: 5_000, heartbeatMs: 100, leaseMs: 400 };

interface Scene {
  readonly hub: RealHub;
  readonly placement: Placement;
  /** For the next hub of the same folder. */
  readonly newPlacement: () => Placement;
  readonly proxy: ShapingProxy;
}

/** What a provider has prepared: no other does it again. */
const prepared = mkdtempSync(join(tmpdir(), 'sterna-prepared-'));
process.once('exit', () => rmSync(prepared, { recursive: true, force: true }));

/** Resolves when the provider takes the task. */
async function scene(
  t: Test,
  {
    app = APP,
    policy = {},
    tasks = TASKS,
  }: { app?: string; policy?: Partial<ProviderPolicy>; tasks?: typeof TASKS } = {},
): Promise<Scene> {
  const dir = t.testdir({});
  const dataDir = join(dir, 'provider');
  cpSync(prepared, join(dataDir, 'prepared'), { recursive: true });
  const provider = await providerUnderTest(t, { dataDir, policy, times: TIMES, stubs: 'memory' });
  const proxy = await startShapingProxy({ host: '127.0.0.1', port: provider.port });
  t.teardown(() => proxy.close());
  const token = { ...(await provider.invite()), url: `ws://127.0.0.1:${proxy.port}` };
  const options = { providers: [{ name: 'shed', token }], key: newSigningKey() };
  const newPlacement = (): Placement => placementBy(app, options);
  const placement = newPlacement();
  const hub = await realHub(t, { tasks, dir: join(dir, 'hub'), placement });
  await until('the provider takes the task', 60_000, () => (placement.gateOf('long')?.elsewhere ?? 0) > 0);
  cpSync(join(dataDir, 'prepared'), prepared, { recursive: true });
  return { hub, placement, newPlacement, proxy };
}

interface End {
  readonly outcome: string;
  readonly fuel: number;
  readonly said: readonly string[];
}

/** Of the run that is over; `which` counts from 0. */
async function endOf(hub: RealHub, which = 0): Promise<End> {
  const over = () => hub.seen.filter((one) => one.kind === 'run-finished')[which];
  await until('it is over', 120_000, () => over() !== undefined && hub.link.published.length > which);
  const said = hub.link.published
    .slice(which)
    .map(({ topic, payload }) => `${topic} ${Buffer.from(payload).toString()}`);
  return { outcome: over()?.outcome.kind ?? '', fuel: over()?.usage.fuel ?? 0, said };
}

/** A long run that was sent away. @returns its id. */
async function sent({ hub }: Scene): Promise<string> {
  hub.send('long/turn/a', TURNS);
  await until('it is told of', 10_000, () => hub.hub.currentRuns.list().length > 0);
  const run = hub.runOf('long');
  await executes(hub, run, 'provider');
  return run;
}

async function executes({ hub }: RealHub, run: string, where: 'hub' | 'provider'): Promise<void> {
  await until(`it executes at the ${where}`, 30_000, () => hub.migrations.of(run)?.executes === where);
}

let alone: End | undefined;

t.test('a run that stays here', async (t) => {
  const hub = await realHub(t, { tasks: TASKS });
  hub.send('long/turn/a', TURNS);
  alone = await endOf(hub);
});

t.test('a long run begins there, comes home by hand, and ends as if it had stayed here', async (t) => {
  const all = await scene(t);
  const { hub, placement } = all;
  const run = await sent(all);
  t.match(placement.explain(run), [
    { side: 'remote', provider: 'shed', moves: true, reason: /, and it can come home$/ },
  ]);
  t.match(hub.hub.currentRuns.list(), [{ runId: run, where: 'provider', provider: 'shed' }]);
  t.same(hub.runtime.occupancy.executing, [], 'nothing of it was executed here');
  await until('some points are here', 60_000, () => (hub.hub.migrations.of(run)?.fuel ?? 0) > 2_000_000_000);
  t.same(await hub.hub.migrations.migrate(run, undefined, 'by hand'), { ok: true });
  await executes(hub, run, 'hub');
  t.same(await endOf(hub), alone);
  const notes = hub.hub.migrations.of(run)?.notes.map(({ what }) => what);
  t.strictSame(notes, ['asked', 'linked', 'there', 'asked', 'here', 'over']);
  const [task] = hub.hub.tasks;
  const outlook = task && hub.hub.migrations.links.outlook(task, 'shed');
  t.not(outlook?.fuelPerMs ?? ASSUMED, ASSUMED, 'how fast it was there is known');
});

t.test('when the provider is lost, the hub goes on from the last point and not from the beginning', async (t) => {
  const all = await scene(t, { app: `${APP}[tasks.long]\nresponsible = "hub"\n` });
  const { hub, proxy } = all;
  const run = await sent(all);
  await until('some points are here', 60_000, () => (hub.hub.migrations.of(run)?.fuel ?? 0) > 2_000_000_000);
  await proxy.close();
  const { fuel: before = 0 } = hub.hub.migrations.of(run) ?? {};
  await executes(hub, run, 'hub');
  const { fuel: after = 0 } = hub.hub.migrations.of(run) ?? {};
  t.ok(after >= before, `it goes on after ${after} of fuel`);
  t.same(await endOf(hub), alone);
  t.match(
    hub.hub.migrations.of(run)?.notes.map(({ what }) => what),
    ['asked', 'linked', 'there', 'link-lost', 'here', 'over'],
  );
});

t.test('a hub that starts again finds it where it was', async (t) => {
  // Else the hub goes on with it where its next start takes longer than the link may be silent.
  const all = await scene(t, { app: `${APP}[tasks.long]\nresponsible = "provider"\n` });
  const { hub, newPlacement } = all;
  const run = await sent(all);
  await hub.hub.close();
  const next = await realHub(t, { tasks: TASKS, dir: hub.dir, placement: newPlacement() });
  t.same(await endOf(next), alone);
  t.match(await next.hub.history?.find(run), '"where":"shed"');
});

t.test('what it took is known then: a short run of the task goes there as a whole, a long one does not', async (t) => {
  const all = await scene(t);
  const { hub, placement } = all;
  hub.send('long/turn/a', FEW);
  const { fuel } = await endOf(hub);
  const [first] = placement.explain(hub.seen.find((one) => one.kind === 'run-finished')?.runId ?? '');
  t.match(first, { moves: true, fuel: 0, reason: /nobody knows how long it takes/ });
  t.match(
    await hub.hub.history?.find(hub.seen.find((one) => one.kind === 'run-finished')?.runId ?? ''),
    '"where":"shed"',
  );
  hub.send('long/turn/a', FEW);
  await endOf(hub, 1);
  const ended = hub.seen.filter((one) => one.kind === 'run-finished');
  const [second] = placement.explain(ended[1]?.runId ?? '');
  t.equal(second?.fuel, fuel, 'it is expected to take what the first one took');
  t.equal(second?.moves, undefined);
});

t.test('a provider that does not take it leaves it to the hub', async (t) => {
  const all = await scene(t, { policy: { migrations: 0 } });
  const { hub } = all;
  hub.send('long/turn/a', TURNS);
  t.same(await endOf(hub), alone);
  const run = hub.seen.find((one) => one.kind === 'run-finished')?.runId ?? '';
  t.match(hub.hub.migrations.of(run)?.why, /the provider does not take it|the hub/);
});

t.test('a run that is compared with one here is executed there as a whole', async (t) => {
  const { hub, placement } = await scene(t, { app: APP.replace('checked = 0', 'checked = 1') });
  hub.send('long/turn/a', FEW);
  await endOf(hub);
  const [decision] = placement.explain(hub.seen.find((one) => one.kind === 'run-finished')?.runId ?? '');
  t.match(decision, {
    side: 'remote',
    reason: /; it stays there until it ends, as it is executed here as well, to compare$/,
  });
  t.equal(decision?.moves, undefined);
});

t.test('what a run took that was cancelled is not what others take', async (t) => {
  const { hub, placement } = await scene(t, { app: '[placement]\ndefault = "prefer-local"\n' });
  hub.send('long/turn/a', TURNS);
  await until('it has used some fuel', 30_000, () => (hub.hub.currentRuns.list()[0]?.fuel ?? 0) > 0);
  t.same(hub.hub.currentRuns.cancel(hub.runOf('long')), { ok: true });
  await hub.tells('long cancelled');
  hub.send('long/turn/a', FEW);
  await hub.tells('long completed');
  const ended = hub.seen.filter((one) => one.kind === 'run-finished');
  t.match(placement.explain(ended[1]?.runId ?? ''), [{ side: 'local', fuel: 0 }]);
});

t.test('a run that is away is one of those that its task has at once', async (t) => {
  const { hub } = await scene(t, { tasks: { long: longToml('long', '\n[schedule]\nconcurrency = 1', '') } });
  hub.send('long/turn/a', TURNS);
  await until('it is told of', 10_000, () => hub.hub.currentRuns.list().length > 0);
  const first = hub.runOf('long');
  hub.send('long/turn/b', FEW);
  await executes(hub, first, 'provider');
  const point = hub.hub.migrations.of(first)?.point ?? 0;
  await until('it comes to a point there', 30_000, () => (hub.hub.migrations.of(first)?.point ?? 0) > point);
  t.match(hub.hub.currentRuns.list(), [{ runId: first }], 'the other has not begun');
  t.equal(hub.hub.currentRuns.list().length, 1);
  t.same(hub.hub.currentRuns.cancel(first), { ok: true });
  await hub.tells('long completed', 60_000);
});

t.test('one that is taken from its provider, and stands still by hand, is none of them', async (t) => {
  const { hub } = await scene(t, { tasks: { long: longToml('long', '\n[schedule]\nconcurrency = 1', '') } });
  hub.send('long/turn/a', TURNS);
  await until('it is told of', 10_000, () => hub.hub.currentRuns.list().length > 0);
  const first = hub.runOf('long');
  await executes(hub, first, 'provider');
  hub.send('long/turn/b', FEW);
  t.ok(await hub.hub.migrations.keepHere(first, 'by-hand', 'by hand'));
  await hub.tells('long completed', 60_000);
  t.match(hub.hub.currentRuns.list(), [{ runId: first, where: /memory|disk/ }]);
});
