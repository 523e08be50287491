/** A run that is looked at while it moves: what a person would ask the hub, and what it answers. */
import { Plain } from '../start/programs.mjs';
import { found, sterna } from './processes.mjs';
import { PROVIDER } from './scene.mjs';
import { bytesText, fuelText, secondsSoFar, tell, tellCommand } from './teller.mjs';

/** For any step, on a small machine. */
const STEP_MS = 180_000;
/** Between two lines on how far the run is. */
const PROGRESS_MS = 1_000;

export class ShownRun {
  #scene;
  #task;
  #id;
  #epoch = 0;
  #toldAtMs = performance.now();
  /** Each time that it was moved by hand: seconds until it executed there, and bytes on the link. */
  moves = [];

  constructor(scene, task, id) {
    [this.#scene, this.#task, this.#id] = [scene, task, id];
  }

  /** Sends the event, and waits until its run has begun. */
  static async begin(scene, task, payload) {
    await scene.device.publish(task.topic, payload);
    const id = await found('the run has begun', STEP_MS, async () => (await current(scene, task))?.runId);
    return new ShownRun(scene, task, id);
  }

  get id() {
    return this.#id;
  }

  get expectedFuel() {
    return this.#task.expectedFuel;
  }

  /** Where it is and how far; undefined when it is over. */
  async now() {
    const { client } = this.#scene;
    const { isOver, migration } = await client.get(`/v1/current-runs/${encodeURIComponent(this.#id)}/migration`);
    if (isOver) return undefined;
    const fuel = migration?.fuel ?? (await current(this.#scene, this.#task))?.fuel ?? 0;
    const unmoved = { executes: 'hub', isLinked: true, isExecuting: true, epoch: 0, point: 0 };
    return { ...(migration ?? unmoved), fuel, share: fuel / this.#task.expectedFuel };
  }

  /** Waits for something, and says now and then how far it is. @throws Plain when it is over before. */
  until(what, isSo) {
    return found(what, STEP_MS, async () => {
      const seen = await this.now();
      if (seen === undefined) {
        throw new Plain('the run ended before it had shown everything: this machine is too fast for the demo');
      }
      this.#tellProgress(seen);
      return isSo(seen) ? seen : undefined;
    });
  }

  /** Goes on telling how far it is until so many seconds of the demo have passed, or it is over. */
  async untilSeconds(seconds) {
    await found('the time is up', STEP_MS, async () => {
      const seen = await this.now();
      if (seen !== undefined) this.#tellProgress(seen);
      return seen === undefined || secondsSoFar() >= seconds || undefined;
    });
  }

  /** Has it move, with the command for it. `to` is a provider's name, or undefined for the hub. */
  async migrate(to) {
    const { link, data } = this.#scene;
    const where = to === undefined ? ['--home'] : ['--to', to];
    tellCommand(`sterna migrate ${this.#id} ${where.join(' ')}`);
    const before = link.bytesOut + link.bytesBack;
    const from = secondsSoFar();
    await sterna('migrate', this.#id, ...where, '--data', data);
    const side = to === undefined ? 'hub' : 'provider';
    const is = ({ executes, epoch }) => executes === side && epoch > this.#epoch;
    const { epoch } = await this.until(`it executes at the ${side}`, is);
    this.#epoch = epoch;
    const bytes = link.bytesOut + link.bytesBack - before;
    this.moves.push({ seconds: secondsSoFar() - from, bytes });
    tell(`it executes ${placeText(side)}, as epoch ${epoch}: ${bytesText(bytes)} went over the link`);
  }

  /** Waits for its end. Answers with what came of it. */
  async ended() {
    const line = new RegExp(`^\\{"kind":"run-finished".*"runId":"${this.#id}".*`);
    const [text] = await this.#scene.hub.says(line, STEP_MS);
    const { outcome, usage } = JSON.parse(text);
    return { outcome, fuel: usage.fuel };
  }

  /** Executes it again from its beginning, undisturbed. */
  async replayed() {
    return JSON.parse(await sterna('replay', this.#id, '--data', this.#scene.data, '--json'));
  }

  /** What `sterna watch` says at its end. */
  watched() {
    return sterna('watch', this.#id, '--data', this.#scene.data);
  }

  #tellProgress(seen) {
    if (performance.now() - this.#toldAtMs < PROGRESS_MS) return;
    this.#toldAtMs = performance.now();
    tell(progress(seen));
  }
}

function progress({ executes, isLinked, isExecuting, point, fuel, share }) {
  const bar = '#'.repeat(Math.min(20, Math.round(share * 20))).padEnd(20, '.');
  const unheard = isLinked || executes === 'hub' ? '' : ', as far as the hub has heard';
  const stands = executes === 'hub' && !isExecuting ? '; stands still' : '';
  return `[${bar}] ${placeText(executes)}${unheard}: point ${point}, fuel ${fuelText(fuel)}${isLinked ? '' : '; no link'}${stands}`;
}

function placeText(side) {
  return side === 'hub' ? 'at the hub' : `at ${PROVIDER}`;
}

async function current({ client }, { name }) {
  const { runs } = await client.get('/v1/current-runs');
  return runs.find(({ task }) => task === name);
}
