/** The one export that tasks have, called from the host: the "lift" of the canonical ABI for `handle-message`. */
import { AbiFault } from './abi-fault.js';
import { GuestMemory, type CanonicalOptions, type LeaveGuard } from './guest-memory.js';

export interface HandlerExport extends CanonicalOptions {
  /** The core function: subject, body and reply-to as (case, pointer, length); returns where the result is. */
  readonly call: (
    subject: number,
    subjectLength: number,
    body: number,
    bodyLength: number,
    hasReplyTo: number,
    replyTo: number,
    replyToLength: number,
  ) => number;
  /** What frees the result, if the guest wants to be told. */
  readonly postReturn: ((result: number) => void) | undefined;
}

/** Where an event lies in the guest's memory: pointers and lengths. */
export type Placed = readonly [subject: number, subjectLength: number, body: number, bodyLength: number];

/** A result<_, string>: one byte for the case, a string behind it. */
const RESULT_SIZE = 12;
const RESULT_ALIGN = 4;

export class HandlerCall {
  readonly #handler: HandlerExport;
  readonly #memory: GuestMemory;
  readonly #guard: LeaveGuard;

  constructor(handler: HandlerExport, guard: LeaveGuard) {
    this.#handler = handler;
    this.#guard = guard;
    this.#memory = new GuestMemory(handler, guard);
  }

  /**
   * @returns the guest's error, or undefined.
   * @throws what the guest ends with, or AbiFault.
   */
  handle(subject: string, body: Uint8Array): string | undefined {
    return this.finish(this.call(this.place(subject, body)));
  }

  /** Hands an event to the guest's memory. @returns what `call` takes. */
  place(subject: string, body: Uint8Array): Placed {
    const memory = this.#memory;
    memory.begin();
    return [...memory.storeText(subject), ...memory.storeBytes(body)];
  }

  /** @returns what `finish` takes, unless the call was suspended. */
  call([subject, subjectLength, body, bodyLength]: Placed): number {
    return this.#handler.call(subject, subjectLength, body, bodyLength, 0, 0, 0);
  }

  /** Reads the result. @returns the guest's error, or undefined. */
  finish(result: number): string | undefined {
    const memory = this.#memory;
    memory.refresh();
    const error = this.#error(memory.area(result, RESULT_SIZE, RESULT_ALIGN));
    this.#guard.mayLeave = false;
    this.#handler.postReturn?.(result);
    this.#guard.mayLeave = true;
    return error;
  }

  #error(at: number): string | undefined {
    const { view } = this.#memory;
    switch (view.getUint8(at)) {
      case 0:
        return undefined;
      case 1:
        return this.#memory.text(view.getUint32(at + 4, true), view.getUint32(at + 8, true), MOST_ERROR_BYTES);
      default:
        throw new AbiFault(`there is no case ${view.getUint8(at)} of a result`);
    }
  }
}

/** An error is shown to people: more of it would be cut anyway. */
const MOST_ERROR_BYTES = 4_096;
