/** A provider is stopped on purpose and started again, as for an update: its runs do not wait for it. */
import t from 'tap';
import { mosquittoMissing } from '../fixtures/mosquitto.js';
import { found, MovingRunScene, type Work } from './moving-run-scene.js';

t.setTimeout(280_000);

/** Its hub would wait for it for half a minute, when the link is lost. */
const WORKS: readonly Work[] = [{ task: 'optimise', size: 6_000, responsible: 'provider' }];

t.test('they execute at their hub before it has ended', { skip: mosquittoMissing() }, async (t) => {
  const scene = await MovingRunScene.begin(t, WORKS);
  const runs: string[] = [];
  for (const work of WORKS) {
    await scene.publish(work);
    const begun = async (): Promise<string | undefined> =>
      (await scene.current()).find(({ runId }) => !runs.includes(runId))?.runId;
    const run = await found('its run', 20_000, begun);
    runs.push(run);
    await scene.sentAway(run);
  }
  for (const run of runs) {
    await found('it executes there', 60_000, async () => {
      const migration = await scene.migration(run);
      return migration?.executes === 'provider' && migration.point >= 2 ? true : undefined;
    });
  }

  const [stoppedAtMs, fromMs] = [Date.now(), performance.now()];
  t.equal(await scene.provider.killed('SIGTERM'), 0);
  t.comment(`the provider has ended after ${Math.round(performance.now() - fromMs)} ms`);
  for (const run of runs) {
    const { notes = [], fuel = 0 } = (await scene.migration(run)) ?? {};
    const home = notes.findLast(({ what }) => what === 'here');
    t.match(home, { why: 'the provider has handed it over' }, run);
    t.comment(`${run} has come home after ${(home?.atMs ?? 0) - stoppedAtMs} ms`);
    t.ok(fuel > 0, 'from the point that it had come to');
  }
  await scene.startProvider();
  await scene.witness.hears(WORKS.length, 150_000);
  t.match(scene.hub.stdout.match(/"kind":"run-finished"[^\n]*/g), [/"completed"/]);
  for (const run of runs) t.match(await scene.replayed(run), { identical: true });
});
