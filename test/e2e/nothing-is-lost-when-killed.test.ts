/**
 * A hub that is killed again and again, on a disk that fills up, with a broker
 * that is stopped and killed: each event at QoS 1 counts once, and each count
 * is published with the event that it counted. `STERNA_KILLS` and
 * `STERNA_KILL_SEED` ask for more, or for the same again.
 */
import t from 'tap';
import { mosquittoMissing } from '../fixtures/mosquitto.js';
import { Random } from '../runtime/provision/fuzz/random.js';
import { KillStorm, LIVES, type Life } from './kill-storm.js';

const KILLS = Number(process.env['STERNA_KILLS'] ?? 20);
const SEED = Number(process.env['STERNA_KILL_SEED'] ?? Date.now() % 1_000_000);

t.setTimeout(120_000 + KILLS * 10_000);

t.test(`after ${KILLS} kills each event counted once (seed ${SEED})`, { skip: mosquittoMissing() }, async (t) => {
  const storm = await KillStorm.begin(t);
  const random = new Random(SEED);
  const lives: Life[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    if (lives.length === 0) lives.push(...shuffledLives(random));
    const life = lives.pop() ?? 'working';
    await storm.live(life, random);
  }
  await storm.end();
});

/** Each kind as often as it is to come, in a random order. */
function shuffledLives(random: Random): Life[] {
  const bag = Object.entries(LIVES).flatMap(([life, times]) => Array.from({ length: times }, () => life as Life));
  for (let i = bag.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [bag[i], bag[j]] = [bag[j] ?? 'working', bag[i] ?? 'working'];
  }
  return bag;
}
