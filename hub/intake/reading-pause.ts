import type { Counts } from '../counts.js';
import type { Observer } from '../observations.js';
import { INTAKE_BOUNDS } from './limits.js';

interface Pause {
  readonly over: Promise<void>;
  readonly end: () => void;
}

/**
 * When the hub reads nothing more from the broker: while as many events above
 * QoS 0 as may be are unacknowledged, because there is no room for them or
 * the disk has not confirmed them yet. The broker keeps what is not read.
 *
 * Reading goes on when half of them are acknowledged: to stop and go for each
 * event would cost more than the event.
 */
export class ReadingPause {
  readonly #counts: Counts;
  readonly #observe: Observer;
  #events = 0;
  #bytes = 0;
  #pause: Pause | undefined;
  #stopped = false;

  constructor(counts: Counts, observe: Observer) {
    this.#counts = counts;
    this.#observe = observe;
  }

  /** Until when nothing more is to be read; undefined when reading goes on. To be asked after each message. */
  get over(): Promise<void> | undefined {
    return this.#pause?.over;
  }

  /** An event that is to be acknowledged came. */
  taken({ payload }: { readonly payload: Uint8Array }): void {
    this.#events++;
    this.#bytes += payload.length;
    if (this.#stopped || this.#pause !== undefined) return;
    if (this.#events >= INTAKE_BOUNDS.heldEvents || this.#bytes >= INTAKE_BOUNDS.heldBytes) this.#begin();
  }

  /** It was acknowledged. */
  acknowledged({ payload }: { readonly payload: Uint8Array }): void {
    this.#events--;
    this.#bytes -= payload.length;
    if (this.#pause === undefined) return;
    const { heldEvents, heldBytes } = INTAKE_BOUNDS;
    if (this.#events * 2 <= heldEvents && this.#bytes * 2 <= heldBytes) this.#end(this.#pause);
  }

  /** From now on reading goes on: what comes is not taken. */
  stop(): void {
    this.#stopped = true;
    if (this.#pause !== undefined) this.#end(this.#pause);
  }

  #begin(): void {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.#pause = { over, end };
    this.#counts.pauses++;
    this.#observe({ kind: 'intake-paused', events: this.#events, bytes: this.#bytes });
  }

  #end(pause: Pause): void {
    this.#pause = undefined;
    this.#observe({ kind: 'intake-resumed', events: this.#events, bytes: this.#bytes });
    pause.end();
  }
}
