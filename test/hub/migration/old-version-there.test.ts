/** A run that is at a real provider when its task gets another version ends on its own there, over links and restarts. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { paddedComponent } from '../../provider/padded-component.js';
import { until } from '../../runtime/eventually.js';
import { longToml } from '../parking/real-hub.js';
import { deployNewer } from './newer-version.js';
import { ProviderScene, SHED, type ProviderSceneOptions } from './provider-scene.js';
import { endOf, undisturbed, type End } from './scene.js';

t.setTimeout(240_000);

const TASKS = { long: longToml('long', '', 'every = "100 ms"\n') };
const TURNS = '400000000';

let alone: End | undefined;

t.test('a run that does not move', async (t) => {
  alone = await undisturbed(t);
});

/** With a run that stands at a point there until `letGo`, and another version that the provider has. */
async function standingThere(
  t: Parameters<typeof undisturbed>[0],
  options: Partial<ProviderSceneOptions> = {},
): Promise<{ readonly scene: ProviderScene; readonly run: string }> {
  const scene = await ProviderScene.begin(t, { tasks: TASKS, ...options });
  await scene.isTaken('long');
  scene.hub.send('long/turn/a', TURNS);
  const run = await scene.sendAway('long');
  scene.hold();
  await deployNewer(scene.hub, 'finish-on-old', (component) => paddedComponent(component, 100, 'newer'));
  await scene.isTaken('long');
  t.match(scene.hub.hub.migrations.of(run), { executes: 'provider', epoch: 1, isLinked: true });
  return { scene, run };
}

/** Resolves when it has come further there, and stands again. */
async function goesOn(scene: ProviderScene, run: string): Promise<void> {
  const where = (): { point: number; executes?: string } => scene.hub.hub.migrations.of(run) ?? { point: 0 };
  const { point } = where();
  scene.letGo();
  await until('it comes to a point there', 30_000, () => where().point > point && where().executes === 'provider');
  scene.hold();
}

t.test('over a link that is lost, a provider and a hub that are started anew', async (t) => {
  const { scene, run } = await standingThere(t);
  const isLinked = (): boolean => scene.hub.hub.migrations.of(run)?.isLinked === true;
  await goesOn(scene, run);
  scene.cut();
  await until('the link is lost', 10_000, () => !isLinked());
  scene.restore();
  await until('there is a link again', 30_000, isLinked);
  await goesOn(scene, run);

  scene.cut();
  await until('the session is over', 10_000, () => !isLinked() && scene.provider.provider.sessions === 0);
  await scene.provider.close();
  await scene.startProvider();
  scene.restore();
  await until('there is a link again', 30_000, isLinked);
  await goesOn(scene, run);

  scene.cut();
  await scene.hub.hub.close();
  scene.restore();
  await scene.startHub();
  await until('there is a link again', 60_000, isLinked);
  t.match(scene.hub.hub.currentRuns.list(), [{ runId: run, version: '1.0.0', where: 'provider', provider: SHED }]);
  await goesOn(scene, run);
  scene.letGo();
  t.same(await endOf(scene.hub), alone);
  t.match(await scene.hub.hub.history?.find(run), `"where":"${SHED}"`);
});

t.test('a provider that is responsible ends it while nobody hears it, and the next hub has its outcome', async (t) => {
  const { scene, run } = await standingThere(t, { responsible: 'provider' });
  await goesOn(scene, run);
  scene.cut();
  await scene.hub.hub.close();
  scene.letGo();
  scene.restore();
  await scene.startHub();
  t.same(await endOf(scene.hub), alone);
  t.match(await scene.hub.hub.history?.find(run), `"where":"${SHED}"`);
});

t.test('a provider that has lost its component gives it back, and it ends here on its version', async (t) => {
  const { scene, run } = await standingThere(t);
  scene.cut();
  await until('the session is over', 10_000, () => scene.provider.provider.sessions === 0);
  await scene.provider.close();
  const [old] = scene.hub.seen.filter(({ kind }) => kind === 'task-loaded');
  const digest = old !== undefined && 'digest' in old ? old.digest : '';
  rmSync(join(scene.provider.dataDir, 'components', digest));
  await scene.startProvider();
  scene.restore();
  scene.letGo();
  await until('it is here', 60_000, () => scene.hub.hub.migrations.of(run)?.executes === 'hub');
  t.same(await endOf(scene.hub), alone);
});
