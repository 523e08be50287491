import type { State } from '../responsibility/index.js';
import type { Timer } from './alarm.js';
import type { Content } from './content.js';
import type { Checkpoints, Host } from './ports.js';
import { Stretch } from './stretch.js';

/** A point that was come to, and is for the machine to hear of. */
export interface CameTo {
  readonly content: Content;
  readonly isEnd: boolean;
  /** The other side is to execute from here on. */
  readonly offers: boolean;
}

/** How things stand for who executes. */
export interface Situation {
  readonly state: State;
  /** What the machine said last. */
  readonly mayRun: boolean;
  /** At the point of the state. */
  readonly content: Content;
  /** Whether the other side is to execute, as soon as there is a link. */
  readonly gives: boolean;
  readonly pointMs: number;
}

interface ExecutionParts {
  readonly host: Pick<Host, 'execute'>;
  readonly checkpoints: Checkpoints;
  readonly timer: Timer;
  /** Told whenever `next` may have something to say. */
  readonly tell: () => void;
}

/**
 * Executes here: one stretch at a time, from point to point.
 *
 * A synchronous stretch stands at its first point, an asynchronous one goes on. One that has to halt stands, and what it
 * has done since its last point is its next one, if it may go on after all.
 */
export class Execution {
  readonly #parts: ExecutionParts;
  #stretch: Stretch | undefined;
  #fuel = 0;
  #atMs = 0;
  #fuelPerMs = 0;

  constructor(parts: ExecutionParts) {
    this.#parts = parts;
  }

  /** Fuel in a millisecond, between the last two points. */
  get fuelPerMs(): number {
    return this.#fuelPerMs;
  }

  isUnderWay(epoch: number): boolean {
    return this.#stretch !== undefined && !this.#stretch.isDone && this.#stretch.epoch === epoch;
  }

  /** Has what executes stand at its next point. */
  leave(): void {
    this.#stretch?.leave();
  }

  /**
   * Begins to execute, where that is to be and nothing is executed.
   * @throws Error when the host cannot go on with the run.
   */
  begin(situation: Situation): void {
    const { state, mayRun, gives } = situation;
    const offers = gives && state.linked;
    if (mayRun && !offers && this.#current(state.epoch) === undefined) this.#begin(situation);
  }

  /** It has come to something: where it is to stand at its first point, it does, whatever else is dealt with. */
  look(situation: Situation): void {
    const stretch = this.#stretch;
    if (stretch?.epoch !== situation.state.epoch || stretch.news?.kind !== 'passed') return;
    if (isToStand(situation)) stretch.leave();
  }

  /**
   * What was come to and may be said now; else begins to execute, or to leave, where that is to be.
   * @throws Error when the host cannot go on with the run.
   */
  next(situation: Situation): CameTo | undefined {
    const { state, mayRun, content, gives } = situation;
    const { epoch, linked } = state;
    const stretch = this.#current(epoch);
    // Of an earlier epoch, or further than it may.
    if (!mayRun || (stretch !== undefined && stretch.epoch !== epoch)) {
      stretch?.leave();
      return undefined;
    }
    const offers = gives && linked;
    if (stretch === undefined) {
      if (offers) return { content, isEnd: false, offers };
      this.#begin(situation);
      return undefined;
    }
    const { news } = stretch;
    if (news === undefined || (news.kind === 'passed' && isToStand(situation))) {
      // A synchronous one goes on to its first point.
      if (offers || news !== undefined) stretch.leave();
      return undefined;
    }
    stretch.takeNews();
    this.#measure(news.content);
    const isEnd = news.kind === 'ended';
    return { content: news.content, isEnd, offers: offers && !isEnd };
  }

  /** Forgets one that has nothing more to say. */
  #current(epoch: number): Stretch | undefined {
    const stretch = this.#stretch;
    if (stretch?.isDone === true && (stretch.epoch !== epoch || stretch.news === undefined)) this.#stretch = undefined;
    return this.#stretch;
  }

  #begin({ state: { epoch }, content, pointMs: everyMs }: Situation): void {
    const { host, checkpoints, timer, tell } = this.#parts;
    const from = content.whole.anchor;
    if (from === undefined) throw new Error(`there is no checkpoint to go on from in epoch ${epoch}`);
    this.#fuel = content.fuel;
    this.#atMs = timer.nowMs();
    this.#stretch = new Stretch({ host, checkpoints, epoch, from, everyMs, tell });
  }

  #measure({ fuel }: Content): void {
    const nowMs = this.#parts.timer.nowMs();
    if (nowMs > this.#atMs) this.#fuelPerMs = (fuel - this.#fuel) / (nowMs - this.#atMs);
    this.#fuel = fuel;
    this.#atMs = nowMs;
  }
}

/** Whether what executes stands at the point that it comes to. */
function isToStand({ state: { linked, mode }, gives }: Situation): boolean {
  return linked && (gives || mode === 'synchronous');
}
