/**
 * A hub or a provider that is stopped for longer than its lease knows nothing of it when it goes on: the other side has
 * gone on without it, and what it still says of a run is refused by its epoch.
 */
import t, { type Test } from 'tap';
import type { MigrationView } from '../../hub/api/index.js';
import { mosquittoMissing } from '../fixtures/mosquitto.js';
import { found, MovingRunScene, type Work } from './moving-run-scene.js';

t.setTimeout(300_000);
// They wait most of the time.
t.jobs = 3;

const skip = mosquittoMissing();

/** Long enough for the other side to go on with it. */
const FORECAST: Work = { task: 'forecast', size: 14_000, responsible: 'hub' };
const OPTIMISE: Work = { task: 'optimise', size: 5_000, responsible: 'provider' };

interface Away {
  readonly scene: MovingRunScene;
  readonly runId: string;
}

/** A run that was told to move to the provider. */
async function sentAway(t: Test, work: Work): Promise<Away> {
  const scene = await MovingRunScene.begin(t, [work]);
  await scene.publish(work);
  const runId = await found('its run', 20_000, async () => (await scene.current())[0]?.runId);
  await scene.sentAway(runId);
  return { scene, runId };
}

/** Waits until a run is as it is to be. */
function comesTo(
  { scene, runId }: Away,
  what: string,
  is: (migration: MigrationView) => boolean,
): Promise<MigrationView> {
  return found(what, 90_000, async () => {
    const migration = await scene.migration(runId);
    return migration !== undefined && is(migration) ? migration : undefined;
  });
}

/** Waits until the provider executes a run, and knows that it is to go on alone: the hub may know of it sooner. */
async function isTheProviders({ scene }: Away): Promise<void> {
  await found('the provider is responsible', 60_000, async () => {
    const [stub] = await scene.providerStubs();
    return stub?.epoch === 1 && stub.agreed === 'provider' && stub.open.length === 0 ? true : undefined;
  });
}

/** A run has ended as one that was never disturbed, with its effect once, and nothing is left of it. */
async function hasEndedOnce(t: Test, { scene, runId }: Away): Promise<void> {
  await scene.witness.hears(1, 90_000);
  const dropped = async (): Promise<true | undefined> =>
    (await scene.providerStubs()).length === 0 ? true : undefined;
  await found('the provider has dropped its stub', 30_000, dropped);
  const { notes } = await comesTo({ scene, runId }, 'its end', ({ isOver }) => isOver);
  const epochs = notes.map(({ epoch }) => epoch);
  t.strictSame(
    epochs,
    epochs.toSorted((a, b) => a - b),
    'no epoch came back',
  );
  t.match(await scene.replayed(runId), { identical: true }, 'it has the effects and the fuel of an undisturbed run');
  t.equal(scene.hub.stdout.match(/"kind":"run-finished"/g)?.length, 1, 'it ended once');
  t.equal(scene.witness.effects.size, 1);
  t.equal(scene.witness.repeats, 0, 'its effect was published once');
  t.notMatch(scene.provider.output, /given up/);
}

const ways = (view: MigrationView): readonly string[] =>
  view.notes.map(({ what, epoch }) => `${what} ${epoch}`).filter((way) => /^t?here/.test(way));

t.test('a provider that was stopped says a point of an epoch that is over', { skip }, async (t) => {
  const away = await sentAway(t, FORECAST);
  const { scene } = away;
  // It hears half a second later that the hub has its first point: by then it is stopped, and says it again.
  scene.proxy.shape({ delayMs: 500 });
  await comesTo(away, 'it executes there', ({ executes }) => executes === 'provider');
  scene.provider.signal('SIGSTOP');
  scene.proxy.cut();
  scene.proxy.shape({ delayMs: 0 });
  const { point } = await comesTo(away, 'the hub goes on', ({ executes, epoch }) => executes === 'hub' && epoch === 2);
  await comesTo(away, 'a point of the hub', (now) => now.point > point);
  t.match(await scene.providerStubs(), [{ epoch: 1 }], 'the provider believes that it executes');
  scene.provider.signal('SIGCONT');
  await comesTo(away, 'they have met again', ({ isLinked }) => isLinked);
  const heard = (): Promise<true | undefined> =>
    scene.providerStubs().then((stubs) => (stubs.every(({ epoch }) => epoch === 2) ? true : undefined));
  await found('the provider knows better', 30_000, heard);
  const met = await comesTo(away, 'where it executes', () => true);
  t.match(met, { executes: 'hub', epoch: 2, isOver: false }, 'the hub still executes it');
  t.strictSame(ways(met), ['there 1', 'here 2']);
  await hasEndedOnce(t, away);
});

t.test('a provider that was stopped until the run is over is told so', { skip }, async (t) => {
  const away = await sentAway(t, OPTIMISE);
  const { scene } = away;
  await isTheProviders(away);
  scene.provider.signal('SIGSTOP');
  await scene.witness.hears(1, 120_000);
  t.match(await scene.providerStubs(), [{ epoch: 1, end: false }], 'the provider believes that it executes');
  scene.provider.signal('SIGCONT');
  await hasEndedOnce(t, away);
  const end = await comesTo(away, 'its way', () => true);
  t.strictSame(ways(end), ['there 1', 'here 2']);
  t.match(end.notes.at(-1), { what: 'over', epoch: 2 });
});

t.test('a hub that was stopped finds its run at its end', { skip }, async (t) => {
  const away = await sentAway(t, OPTIMISE);
  const { scene } = away;
  await isTheProviders(away);
  scene.hub.signal('SIGSTOP');
  const ended = (): Promise<true | undefined> =>
    scene.providerStubs().then((stubs) => (stubs.some(({ end, epoch }) => end && epoch === 1) ? true : undefined));
  await found('the provider comes to the end alone', 90_000, ended);
  t.equal(scene.witness.effects.size, 0, 'and has no effect by itself');
  scene.hub.signal('SIGCONT');
  await hasEndedOnce(t, away);
  t.strictSame(ways(await comesTo(away, 'its way', () => true)), ['there 1'], 'the hub executed none of it again');
});
