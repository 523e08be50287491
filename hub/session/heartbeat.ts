import { beginHearing, deadAtMs, hear, type Beats, type Hearing } from '../../provider/protocol/index.js';
import type { Timer } from '../timer.js';
import { SESSION_BOUNDS } from './limits.js';

export interface HeartbeatParts {
  readonly beats: Beats;
  readonly timer: Timer;
  readonly send: (beat: number) => void;
  /** Called before each beat but the first. */
  readonly due: () => void;
  /** Called when so long nothing was heard that the link is taken for dead. */
  readonly silent: (ms: number) => void;
}

/** Beats of one session: they say whether the provider is there, how far away, and how long runs wait at it. */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #roundTrips: number[] = [];
  #beat = 0;
  #beatAtMs = 0;
  #hearing: Hearing;
  #queueMs = 0;
  #isOver = false;
  #cancelBeat: () => void = () => undefined;
  #cancelWatch: () => void = () => undefined;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#hearing = beginHearing(parts.timer.nowMs());
  }

  /** The first beat goes at once: its round trip is wanted soon. */
  start(): void {
    this.#send();
    this.#watch();
  }

  stop(): void {
    this.#isOver = true;
    this.#cancelBeat();
    this.#cancelWatch();
  }

  /** What runs of this session would wait there, by the provider's reckoning. */
  get queueMs(): number {
    return this.#queueMs;
  }

  /** The median of the last round trips; undefined before the first. */
  get roundTripMs(): number | undefined {
    return this.#roundTrips.toSorted((a, b) => a - b)[this.#roundTrips.length >> 1];
  }

  /** Something has come, whatever it is. */
  heard(): void {
    const { timer, beats } = this.#parts;
    this.#hearing = hear(this.#hearing, timer.nowMs(), beats);
  }

  answered(beat: number, queueMs: number): void {
    this.#queueMs = queueMs;
    if (beat !== this.#beat) return;
    this.#roundTrips.push(this.#parts.timer.nowMs() - this.#beatAtMs);
    if (this.#roundTrips.length > SESSION_BOUNDS.roundTrips) this.#roundTrips.shift();
  }

  #send(): void {
    const { timer, send, due, beats } = this.#parts;
    this.#cancelBeat = timer.after(beats.heartbeatMs, () => {
      due();
      if (!this.#isOver) this.#send();
    });
    this.#beat++;
    this.#beatAtMs = timer.nowMs();
    send(this.#beat);
  }

  /** The link is looked at when it would be dead if nothing came until then. */
  #watch(): void {
    const { timer, beats } = this.#parts;
    const waitMs = deadAtMs(this.#hearing, beats) - timer.nowMs();
    this.#cancelWatch = timer.after(Math.max(1, waitMs), () => {
      // What has come while this process was held up is heard first.
      setImmediate(() => this.#look());
    });
  }

  #look(): void {
    if (this.#isOver) return;
    const { timer, beats, silent } = this.#parts;
    const nowMs = timer.nowMs();
    if (nowMs < deadAtMs(this.#hearing, beats)) return this.#watch();
    silent(nowMs - this.#hearing.lastMs);
  }
}
