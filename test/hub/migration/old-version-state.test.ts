/** A run that is away sees the state that its version may read, whatever the version in force may. */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { until } from '../../runtime/eventually.js';
import { lookingGuest } from '../../runtime/looking-guest.js';
import { longToml, type RealHub } from '../parking/real-hub.js';
import { ProviderScene, SHED } from './provider-scene.js';

t.setTimeout(110_000);

const TOML = longToml('long');

/** Another task of that name, with a component of its own. */
async function deploy({ hub }: RealHub, toml: string, component: Uint8Array): Promise<void> {
  const file = hub.deployments.incoming();
  writeFileSync(file, component);
  const deployed = await hub.deployments.deploy({ toml, component: file });
  if (deployed.kind !== 'deployed') throw new Error(JSON.stringify(deployed));
}

t.test('it sees a bucket that the version in force does not have, under the next hub too', async (t) => {
  const scene = await ProviderScene.begin(t, { tasks: { long: TOML } });
  scene.hub.send('long/count/a', '1');
  await scene.hub.tells('long completed');
  const component = await lookingGuest(10_000_000);
  await deploy(scene.hub, TOML, component);
  await scene.isTaken('long');
  scene.hub.send('long/state/a', '');
  const run = await scene.sendAway('long');
  scene.hold();
  await deploy(scene.hub, TOML.replace('1.0.0', '2.0.0').replace(/buckets = .*/, ''), component);
  await scene.isTaken('long');
  scene.cut();
  await scene.hub.hub.close();
  scene.restore();
  await scene.startHub();
  scene.letGo();
  await until('it is over', 60_000, () => scene.hub.seen.some(({ kind }) => kind === 'run-finished'));
  t.notOk(
    scene.hub.seen.some(({ kind }) => kind === 'run-repeated'),
    'what it read is what there is',
  );
  t.match(await scene.hub.hub.history?.find(run), `"where":"${SHED}"`);
});
