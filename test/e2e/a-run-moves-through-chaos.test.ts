/**
 * Long runs move to and fro while the link is cut, stalled and slowed, and both processes are killed: each ends as if it
 * had stayed where it began, with its effect once. `STERNA_CHAOS_MS` and `STERNA_CHAOS_SEED` ask for more, or the same
 * again.
 */
import t from 'tap';
import { mosquittoMissing } from '../fixtures/mosquitto.js';
import { Random } from '../runtime/provision/fuzz/random.js';
import { MovingRunChaos, WORKS } from './moving-run-chaos.js';
import { found, MovingRunScene } from './moving-run-scene.js';

const CHAOS_MS = Number(process.env['STERNA_CHAOS_MS'] ?? 0);
const SEED = Number(process.env['STERNA_CHAOS_SEED'] ?? Date.now() % 1_000_000);

/** What a round may take: an undisturbed one takes some seconds. */
const ROUND_MS = 180_000;

t.setTimeout(ROUND_MS * 2 + CHAOS_MS * 3);

t.test(`runs go through what may happen (seed ${SEED})`, { skip: mosquittoMissing() }, async (t) => {
  const scene = await MovingRunScene.begin(t, WORKS);
  const chaos = new MovingRunChaos(scene, new Random(SEED));
  const runs: string[] = [];
  const endMs = performance.now() + CHAOS_MS;
  do {
    for (const work of WORKS) await scene.publish(work);
    const begun = await found('the runs', 20_000, async () => {
      const current = await scene.current();
      return current.length === WORKS.length ? current : undefined;
    });
    runs.push(...begun.map(({ runId }) => runId));
    await Promise.all(begun.map(({ runId }) => scene.sentAway(runId)));
    await chaos.until(runs.length, ROUND_MS);
    await found('the hub knows that they are over', 20_000, async () =>
      (await scene.current()).length === 0 ? true : undefined,
    );
  } while (performance.now() < endMs);

  for (const { runId, epochs } of scene.seen) {
    for (const [move, said] of epochs) {
      const sorted = said.toSorted((a, b) => a - b);
      t.strictSame(said, sorted, `no epoch of ${runId} came back (${move})`);
    }
  }

  for (let i = 0; i < runs.length; i += WORKS.length) {
    const replayed = runs
      .slice(i, i + WORKS.length)
      .map(async (runId) => [runId, await scene.replayed(runId)] as const);
    for (const [runId, said] of await Promise.all(replayed)) {
      t.match(said, { identical: true }, `${runId} has the effects and the fuel of an undisturbed run`);
    }
  }
  t.strictSame(scene.witness.contradictions, [], 'an effect that is heard again says the same');
  t.equal(scene.witness.effects.size, runs.length, 'each run has its effect once');
  // What was on its way to the broker when the hub was killed is published again, under the same id.
  t.ok(scene.witness.repeats <= (chaos.counts.get('hub-killed') ?? 0), 'and publishes it once in each life at most');
  t.equal(await scene.hub.terminated(30_000), 0);
  t.notMatch(scene.provider.output, /given up/, 'the provider was never asked for what it must not do');

  const notes = scene.seen.flatMap((seen) => [...seen.notes.values()]);
  const moves = notes.filter(({ what }) => what === 'here' || what === 'there').length;
  const lost = notes.filter(({ what }) => what === 'link-lost').length;
  const points = scene.seen.reduce((sum, seen) => sum + seen.points, 0);
  t.ok(moves > 0, 'they have moved');
  const said = `${runs.length} runs, ${moves} moves, ${points} points, ${lost} links lost`;
  t.comment(`${said}; ${scene.witness.repeats} effects published again`);
  t.comment(JSON.stringify(Object.fromEntries([...chaos.counts, ...chaos.refusals])));
});
