/** A hub that its provider has forgotten hears of it, says so, and goes on with its runs itself, without waiting. */
import t from 'tap';
import { hexOf } from '../../../provider/identity/known-hubs.js';
import { until } from '../../runtime/eventually.js';
import { longToml } from '../parking/real-hub.js';
import { ProviderScene } from './provider-scene.js';

t.setTimeout(170_000);

/** Turns of the loop: some seconds, so that it is not over before. */
const LONG = '1500000000';

/** With a run that stands at a point at the provider, which is responsible for it for ten minutes. */
async function sceneAway(t: Parameters<typeof ProviderScene.begin>[0]) {
  const tasks = { long: longToml('long', '', 'every = "100 ms"\n') };
  const scene = await ProviderScene.begin(t, { tasks, responsible: 'provider' });
  await scene.isTaken('long');
  scene.hub.send('long/turn/a', LONG);
  await until('it has a thread', 30_000, () => scene.hub.hub.currentRuns.list()[0]?.where === 'thread');
  const run = await scene.sendAway('long');
  scene.hold();
  const forget = async (): Promise<void> => void (await scene.provider.hubs.forget(hexOf(scene.hubKey)));
  return { scene, run, forget };
}

t.test('while there is a session', async (t) => {
  const { scene, run, forget } = await sceneAway(t);
  await forget();
  await until('it executes here', 20_000, () => scene.hub.hub.currentRuns.list()[0]?.provider === undefined);
  t.match(scene.placement.providers, [{ state: 'not-known', reason: /does not know the hub/ }]);
  t.match(scene.hub.hub.migrations.of(run)?.notes.at(-1), { what: 'kept-here', why: /does not know the hub any more/ });
  await scene.hub.tells('long completed', 100_000);
});

t.test('while there is none, under the next hub', async (t) => {
  const { scene, run, forget } = await sceneAway(t);
  await scene.hub.hub.close();
  await forget();
  scene.letGo();
  await scene.startHub();
  await until('it moves no more', 20_000, () => {
    const view = scene.hub.hub.migrations.of(run);
    return view?.notes.at(-1)?.what === 'kept-here';
  });
  t.match(scene.placement.providers, [{ state: 'not-known', reason: /^The provider says: .* ask for another$/ }]);
  await scene.hub.tells('long completed', 100_000);
});
