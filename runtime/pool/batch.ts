/** The runs that a thread was handed in one message, until each has come back or was given back. */
import { ASK, CONTROL } from '../worker/wire.js';
import type { GuestThread } from './guest-thread.js';
import type { Ticket } from './ticket.js';

export class Batch {
  /** Its thread is free again, or gone. */
  answered = false;
  /** By index; undefined once finished or given back. */
  readonly #tickets: (Ticket | undefined)[];
  #open: number;

  /** @param control The thread's control block for this batch; it is cleared. */
  constructor(
    readonly id: number,
    readonly thread: GuestThread,
    readonly block: number,
    readonly control: Int32Array,
    tickets: readonly Ticket[],
  ) {
    this.#tickets = [...tickets];
    this.#open = tickets.length;
    control.fill(0);
    control[CONTROL.running] = -1;
    for (const [index, ticket] of tickets.entries()) {
      ticket.place = { batch: this, index };
      if (ticket.points?.suspending === true) this.suspend(index);
    }
  }

  /** The index of the run that executes now; -1 before the first and after the last. */
  get running(): number {
    return Atomics.load(this.control, CONTROL.running);
  }

  /** Asks for a run to end at its next slice. */
  cancel(index: number): void {
    Atomics.or(this.control, CONTROL.ask + index, ASK.cancel);
  }

  /** Asks for a run to stand still at its next point of execution. */
  suspend(index: number): void {
    Atomics.or(this.control, CONTROL.ask + index, ASK.suspend);
  }

  /** Where a run is in it; -1 for nowhere. */
  indexOf(runId: string): number {
    return this.#tickets.findIndex((ticket) => ticket?.request.runId === runId);
  }

  at(index: number): Ticket | undefined {
    return this.#tickets[index];
  }

  /** Takes a run out: it has come back, or goes elsewhere. */
  release(index: number): Ticket | undefined {
    const ticket = this.#tickets[index];
    if (ticket === undefined) return undefined;
    this.#tickets[index] = undefined;
    this.#open--;
    ticket.place = undefined;
    return ticket;
  }

  /** Takes out all from an index on, in order. */
  releaseFrom(index: number): Ticket[] {
    return this.#tickets.flatMap((_, i) => (i < index ? [] : (this.release(i) ?? [])));
  }

  /** Nothing of it is to come any more. */
  get over(): boolean {
    return this.answered && this.#open === 0;
  }
}
