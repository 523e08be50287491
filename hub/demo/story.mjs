/** Long runs move to a provider and back while the link is pulled: told as it happens, and checked at the end. */
import { onStop, Plain } from '../start/programs.mjs';
import { hubGoesOn, plugIn, providerGoesOn } from './cable.mjs';
import { BARN, HOUSE, PAYLOAD } from './long-tasks.mjs';
import { openScene, PROVIDER } from './scene.mjs';
import { ShownRun } from './shown-run.mjs';
import { bytesText, explain, fuelText, secondsSoFar, tell, tellCommand, tellOutput } from './teller.mjs';

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
  tell('the hub and the provider are ready');
  const house = await playHouse(scene);
  const barn = await playBarn(scene);

  explain(
    '6. Was all of it as if nothing had happened? Both events once more, each in one go and undisturbed, which takes as long\n' +
      '   as the work does.',
  );
  for (const { run } of [house, barn]) tellCommand(`sterna replay ${run.id}`);
  const replays = await Promise.all([house, barn].map(({ run }) => run.replayed()));
  for (const { task, fuel, identical } of replays)
    tell(`${task}: it took fuel ${fuel}, and is ${identical ? 'identical' : 'DIFFERENT'}`);
  // Whatever would still be published is published then.
  const code = await scene.hub.stop();
  conclude(house, barn);
  return promised({ acts: [house, barn], replays, code, heard: scene.heard });
}

/** One with which the hub goes on. */
async function playHouse(scene) {
  const run = await ShownRun.begin(scene, HOUSE, PAYLOAD);
  const began = secondsSoFar();
  tell(`a meter has sent four weeks of readings: on the hub, the task "${HOUSE.name}" begins to fit a model to them`);

  explain('1. It moves while it works.');
  await run.until('it has done some of its work', ({ share }) => share >= 0.15);
  await run.migrate(PROVIDER);
  await run.until('it has done more', ({ share, point }) => share >= 0.35 && point >= 2);

  explain('2. The cable is pulled: nothing arrives any more, and nothing says so. Here the hub goes on.');
  const { away, epoch } = await hubGoesOn(scene, run);

  explain('3. The cable is back.');
  await plugIn(scene);
  await run.until('there is a link again', ({ isLinked }) => isLinked);
  tell(`hub and ${PROVIDER} are connected again: ${PROVIDER} hears of epoch ${epoch}, and gives up what it had`);
  await run.migrate(PROVIDER);
  await run.until('it has done most of its work', ({ share }) => share >= 0.7);
  await run.migrate(undefined);

  explain('4. The one result.');
  const ended = await endOf(run, began);
  return { task: HOUSE, run, ended, away };
}

/** One with which the provider goes on. */
async function playBarn(scene) {
  explain(
    `5. The other way round: of the task "${BARN.name}" the application says responsible = "provider". Here ${PROVIDER} goes on,\n` +
      '   and the hub waits for its result.',
  );
  const run = await ShownRun.begin(scene, BARN, PAYLOAD);
  const began = secondsSoFar();
  tell(`another meter has sent its readings: on the hub, "${BARN.name}" begins`);
  await run.until('it has done some of its work', ({ share }) => share >= 0.1);
  await run.migrate(PROVIDER);
  const first = await run.until('it comes on there', ({ point }) => point >= 1);
  const from = secondsSoFar();
  const then = await run.until('it has done more', ({ share }) => share >= Math.min(0.5, first.share + 0.2));
  const fuelPerSecond = (then.fuel - first.fuel) / (secondsSoFar() - from);
  const heard = await providerGoesOn(scene, run, fuelPerSecond);
  const back = await plugIn(scene);
  const ended = await endOf(run, began);
  const waited = ended.at - back;
  tell(
    `that was ${waited.toFixed(1)} s after the cable was back; ${fuelText(ended.fuel - heard)} of work was done unheard`,
  );
  return { task: BARN, run, ended, waited };
}

async function endOf(run, began) {
  const ended = await run.ended();
  const at = secondsSoFar();
  tell(`the run is over: ${ended.outcome.kind}, fuel ${ended.fuel}, ${(at - began).toFixed(1)} s after the event`);
  tellCommand(`sterna watch ${run.id}`);
  tellOutput(await run.watched());
  return { ...ended, at };
}

function conclude({ run, away }, barn) {
  const moves = [...run.moves, ...barn.run.moves];
  const seconds = moves.map((move) => `${move.seconds.toFixed(1)} s`).join(', ');
  const bytes = moves.map((move) => bytesText(move.bytes)).join(', ');
  explain(
    `Runs moved ${moves.length} times by hand. From the command until it executed there: ${seconds}; over the link went ${bytes}.\n` +
      `Where the hub was responsible, it went on ${away.toFixed(1)} s after the cable was pulled, with all that it had heard of. Where\n` +
      `${PROVIDER} was, it worked on, and its result was there ${barn.waited.toFixed(1)} s after the cable was back.`,
  );
}

/** Says what was promised, and whether it was so. Answers with the exit code. */
function promised({ acts, replays, code, heard }) {
  const isOnce = ({ task }) => heard.filter(({ topic }) => topic === task.resultTopic).length === 1;
  const promises = [
    ['both runs completed', acts.every(({ ended }) => ended.outcome.kind === 'completed')],
    ['the result of each was published once', acts.every(isOnce)],
    [
      'outcome, result, log and fuel are those of undisturbed runs, to the byte and the unit',
      replays.every(({ identical }) => identical),
    ],
    ['the hub ended in order', code === 0],
  ];
  for (const [what, isSo] of promises) process.stdout.write(`  ${isSo ? 'yes' : 'NO '}  ${what}\n`);
  process.stdout.write('\n');
  return promises.every(([, isSo]) => isSo) ? 0 : 1;
}
