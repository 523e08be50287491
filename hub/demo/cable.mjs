/** What becomes of a run at the provider when the cable is pulled, told as it happens. */
import { PROVIDER } from './scene.mjs';
import { fuelText, secondsSoFar, tell } from './teller.mjs';

/** Over the time that the work should take there: fuel is counted, speed is not. */
const MARGIN_S = 2;
/** Longer, and nobody looks on. */
const MOST_S = 25;

/** The hub is responsible: it goes on alone. Answers with when it did, and as which epoch. */
export async function hubGoesOn({ link }, run) {
  const pulledAt = await pull(link, run);
  const taken = await run.until('the hub goes on', ({ executes, isExecuting }) => executes === 'hub' && isExecuting);
  const away = secondsSoFar() - pulledAt;
  tell(
    `the hub goes on from point ${taken.point} (fuel ${fuelText(taken.fuel)}), which both hold: this is epoch ${taken.epoch}`,
  );
  const later = await run.until('it has done more', ({ share }) => share >= taken.share + 0.15);
  tell(`without a link the hub has done ${fuelText(later.fuel - taken.fuel)} of work`);
  return { away, epoch: taken.epoch };
}

/** The provider is responsible: it goes on alone, and the hub waits. Answers with what was heard of it last. */
export async function providerGoesOn({ link }, run, fuelPerSecond) {
  const pulledAt = await pull(link, run);
  const heard = await run.now();
  tell(`the hub waits: ${PROVIDER} goes on, and nobody hears of it`);
  const left = run.expectedFuel - (heard?.fuel ?? 0);
  await run.untilSeconds(pulledAt + Math.min(MOST_S, left / fuelPerSecond + MARGIN_S));
  tell(`by its speed, ${PROVIDER} should be through with it`);
  return heard?.fuel ?? 0;
}

/** Answers with when it was. */
async function pull(link, run) {
  const { responsible, why } = await run.now();
  const who = responsible === 'hub' ? 'the hub' : PROVIDER;
  tell(`it is at ${PROVIDER}, and who goes on if the link is lost is agreed: ${who}${why === '' ? '' : ` (${why})`}`);
  link.shape({ isStalled: true });
  const pulledAt = secondsSoFar();
  tell('the cable is pulled');
  await run.until('the silence is noticed', ({ isLinked }) => !isLinked);
  const noticed = secondsSoFar() - pulledAt;
  const waits = responsible === 'hub' ? `, and waits until ${PROVIDER} must have stopped` : '';
  tell(`the hub takes the link for dead after ${noticed.toFixed(1)} s${waits}`);
  return pulledAt;
}

/** Plugs it in again. */
export async function plugIn({ link }) {
  link.shape({ isStalled: false });
  tell('the cable is back');
  return secondsSoFar();
}
