/**
 * A long run that placement begins at a provider is one that moves: it comes home by hand, and when its link is lost it
 * goes on from its last point. It ends as if it had stayed.
 */
import t from 'tap';
import type { MigrationView } from '../../hub/api/index.js';
import { mosquittoMissing } from '../fixtures/mosquitto.js';
import { found, MovingRunScene, type Work } from './moving-run-scene.js';

t.setTimeout(300_000);

const FORECAST: Work = { task: 'forecast', size: 14_000, responsible: 'hub' };

t.test('a placed run is a run that moves', { skip: mosquittoMissing() }, async (t) => {
  const scene = await MovingRunScene.begin(t, [FORECAST], 'prefer-remote');
  const { runId, reason } = await scene.placedThere(FORECAST);
  t.match(reason, /^its placement is prefer-remote, .* and it can come home$/);
  const comesTo = (what: string, is: (migration: MigrationView) => boolean): Promise<MigrationView> =>
    found(what, 90_000, async () => {
      const migration = await scene.migration(runId);
      return migration !== undefined && is(migration) ? migration : undefined;
    });
  const first = await comesTo('a point there', ({ executes, point }) => executes === 'provider' && point > 2);
  t.match(first.notes, [{ what: 'asked', epoch: 0, why: reason }, { what: 'linked' }, { what: 'there', epoch: 1 }]);
  t.match(await scene.current(), [{ runId, where: 'provider' }]);

  scene.proxy.shape({ isStalled: true });
  const taken = await comesTo('the hub goes on', ({ executes, epoch }) => executes === 'hub' && epoch === 2);
  t.ok(taken.fuel >= first.fuel && first.fuel > 0, `from where it was: after ${first.fuel} fuel, ${taken.fuel}`);
  scene.proxy.shape({ isStalled: false });

  await comesTo('they have met again', ({ isLinked }) => isLinked);
  await scene.migrate(runId, 'provider');
  const again = await comesTo('it is there again', ({ executes }) => executes === 'provider');
  await scene.migrate(runId, 'hub');
  const home = await comesTo('it is home', ({ executes, epoch }) => executes === 'hub' && epoch > again.epoch);
  t.ok(home.point >= again.point);

  await scene.witness.hears(1, 120_000);
  await comesTo('its end', ({ isOver }) => isOver);
  t.match(await scene.replayed(runId), { identical: true }, 'it has the effects and the fuel of an undisturbed run');
  t.equal(scene.witness.effects.size, 1);
  t.equal(scene.witness.repeats, 0);
  t.match(scene.hub.stdout, /"kind":"run-finished"/);
  t.equal(await scene.hub.terminated(30_000), 0);
});
