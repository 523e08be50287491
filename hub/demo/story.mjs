/** A long run moves to a provider and back while the link is pulled: told as it happens, and checked at the end. */
import { onStop, Plain } from '../start/programs.mjs';
import { EXPECTED_FUEL, PAYLOAD, RESULT_TOPIC, TOPIC } from './long-task.mjs';
import { found, sterna } from './processes.mjs';
import { openScene, PROVIDER } from './scene.mjs';
import { bytesText, explain, fuelText, secondsSoFar, tell, tellCommand, tellOutput } from './teller.mjs';

/** For any step, on a small machine. */
const STEP_MS = 180_000;
/** Between two lines on how far the run is. */
const PROGRESS_MS = 1_000;

/** Plays it. Answers with the exit code. */
export async function showMoves() {
  const closing = [];
  const stopped = new Promise((_, reject) => onStop(() => reject(new Plain('stopped'))));
  try {
    return await Promise.race([stopped, play(closing)]);
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

async function play(closing) {
  explain(
    `A hub, and a provider in a process of its own, which is called "${PROVIDER}". All between them goes through a link\n` +
      'that can be pulled like a cable. The task knows nothing of all this.',
  );
  const scene = await openScene(closing);
  const { link, client, hub, data } = scene;
  tell('the hub and the provider are ready');
  const began = secondsSoFar();
  await scene.device.publish(TOPIC, PAYLOAD);
  tell('a meter has sent four weeks of readings: on the hub, the task "forecast" begins to fit a model to them');
  const run = await found('the run has begun', STEP_MS, async () => (await currentRun(client))?.runId);
  const watch = watcher(client, run);

  explain('1. It moves while it works.');
  await watch.until('it has done some of its work', ({ share }) => share >= 0.15);
  const there = await migrate(scene, { run, watch, to: PROVIDER });
  await watch.until('it has done more', ({ share, point }) => share >= 0.35 && point >= 2);

  explain('2. The cable is pulled: nothing arrives any more, and nothing says so.');
  const cut = await pullCable(scene, watch);

  explain('3. The cable is back.');
  link.shape({ isStalled: false });
  tell('the cable is back');
  await watch.until('there is a link again', ({ isLinked }) => isLinked);
  tell(`hub and ${PROVIDER} are connected again: ${PROVIDER} hears of epoch ${cut.epoch}, and gives up what it had`);
  const again = await migrate(scene, { run, watch, to: PROVIDER });
  await watch.until('it has done most of its work', ({ share }) => share >= 0.8);
  const home = await migrate(scene, { run, watch, to: undefined });

  explain('4. The one result.');
  const [line] = await hub.says(/^\{"kind":"run-finished".*/, STEP_MS);
  const { outcome, usage } = JSON.parse(line);
  const took = secondsSoFar() - began;
  tell(`the run is over: ${outcome.kind}, fuel ${usage.fuel}, ${took.toFixed(1)} s after the event`);
  tellCommand(`sterna watch ${run}`);
  tellOutput(await sterna('watch', run, '--data', data));
  tellCommand(`sterna replay ${run}      # the same event once more, in one go and undisturbed`);
  const replayed = JSON.parse(await sterna('replay', run, '--data', data, '--json'));
  tell(`it took fuel ${replayed.fuel}, and is ${replayed.identical ? 'identical' : 'DIFFERENT'}`);
  // Whatever it would still publish is published then.
  const code = await hub.stop();
  conclude({ moves: [there, again, home], cut });
  return promised({ outcome, replayed, code, heard: scene.heard });
}

/** Answers with where the hub went on, once it has done some work by itself. */
async function pullCable({ link }, watch) {
  const before = await watch.now();
  const why = before.why === '' ? '' : `: ${before.why}`;
  tell(`it is at ${PROVIDER}, and who goes on if the link is lost is agreed: the ${before.responsible}${why}`);
  link.shape({ isStalled: true });
  const pulledAt = secondsSoFar();
  tell('the cable is pulled');
  await watch.until('the silence is noticed', ({ isLinked }) => !isLinked);
  const noticed = secondsSoFar() - pulledAt;
  tell(`the hub takes the link for dead after ${noticed.toFixed(1)} s, and waits until ${PROVIDER} must have stopped`);
  const taken = await watch.until('the hub goes on', ({ executes, isExecuting }) => executes === 'hub' && isExecuting);
  const away = secondsSoFar() - pulledAt;
  tell(
    `the hub goes on from point ${taken.point} (fuel ${fuelText(taken.fuel)}), which both hold: this is epoch ${taken.epoch}`,
  );
  const later = await watch.until('it has done more', ({ share }) => share >= taken.share + 0.15);
  tell(`without a link it has done ${fuelText(later.fuel - taken.fuel)} of work`);
  return { away, epoch: taken.epoch };
}

function conclude({ moves, cut }) {
  const seconds = moves.map((move) => `${move.seconds.toFixed(1)} s`).join(', ');
  const bytes = moves.map((move) => bytesText(move.bytes)).join(', ');
  explain(
    `The run moved ${moves.length} times by hand. From the command until it executed there: ${seconds}; over the link went ${bytes}.\n` +
      `It moved once because the link was lost: the hub went on ${cut.away.toFixed(1)} s after the cable was pulled, with all that it had heard of.`,
  );
}

/** Says what was promised, and whether it was so. Answers with the exit code. */
function promised({ outcome, replayed, code, heard }) {
  const results = heard.filter(({ topic }) => topic === RESULT_TOPIC);
  const promises = [
    ['the run completed', outcome.kind === 'completed'],
    ['its result was published once', results.length === 1],
    ['outcome, result, log and fuel are those of an undisturbed run, to the byte and the unit', replayed.identical],
    ['the hub ended in order', code === 0],
  ];
  for (const [what, isSo] of promises) process.stdout.write(`  ${isSo ? 'yes' : 'NO '}  ${what}\n`);
  process.stdout.write('\n');
  return promises.every(([, isSo]) => isSo) ? 0 : 1;
}

/** Has a run move, with the command for it. `to` is a provider's name, or undefined for the hub. */
async function migrate({ link, data }, { run, watch, to }) {
  const where = to === undefined ? ['--home'] : ['--to', to];
  tellCommand(`sterna migrate ${run} ${where.join(' ')}`);
  const before = link.bytesOut + link.bytesBack;
  let from = secondsSoFar();
  await found('the run may move', STEP_MS, () => {
    from = secondsSoFar();
    // The provider may still be preparing the component.
    return sterna('migrate', run, ...where, '--data', data).catch(notReadyYet);
  });
  const side = to === undefined ? 'hub' : 'provider';
  const now = await watch.until(
    `it executes at the ${side}`,
    (seen) => seen.executes === side && seen.epoch > watch.epoch,
  );
  watch.epoch = now.epoch;
  const seconds = secondsSoFar() - from;
  const bytes = link.bytesOut + link.bytesBack - before;
  tell(
    `it executes ${to === undefined ? 'at the hub' : `at ${to}`}, as epoch ${now.epoch}: ${bytesText(bytes)} went over the link`,
  );
  return { seconds, bytes };
}

function notReadyYet(error) {
  if (!error.message.includes('is not ready for its task yet')) throw error;
  return undefined;
}

/** Sees where the run is, and says so now and then. */
function watcher(client, run) {
  let toldAtMs = performance.now();
  const now = async () => {
    const { isOver, migration } = await client.get(`/v1/current-runs/${encodeURIComponent(run)}/migration`);
    if (isOver) throw new Plain('the run ended before it had shown everything: this machine is too fast for the demo');
    if (migration !== null) return { ...migration, share: migration.fuel / EXPECTED_FUEL };
    const fuel = (await currentRun(client))?.fuel ?? 0;
    return {
      executes: 'hub',
      isLinked: true,
      isExecuting: true,
      epoch: 0,
      point: 0,
      fuel,
      share: fuel / EXPECTED_FUEL,
    };
  };
  return {
    epoch: 0,
    now,
    until: (what, isSo) =>
      found(what, STEP_MS, async () => {
        const seen = await now();
        if (performance.now() - toldAtMs > PROGRESS_MS) {
          toldAtMs = performance.now();
          tell(progress(seen));
        }
        return isSo(seen) ? seen : undefined;
      }),
  };
}

function progress({ executes, isLinked, isExecuting, point, fuel, share }) {
  const where = executes === 'hub' ? 'at the hub' : `at ${PROVIDER}, as far as the hub has heard`;
  const bar = '#'.repeat(Math.min(20, Math.round(share * 20))).padEnd(20, '.');
  const how = isLinked ? '' : '; no link';
  const stands = executes === 'hub' && !isExecuting ? '; stands still' : '';
  return `[${bar}] ${where}: point ${point}, fuel ${fuelText(fuel)}${how}${stands}`;
}

async function currentRun(client) {
  const { runs } = await client.get('/v1/current-runs');
  return runs[0];
}
