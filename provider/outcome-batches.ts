import { PROVIDER_BOUNDS } from './policy.js';
import { encodeProviderMessage, PROTOCOL_BOUNDS, ProtocolError, type RemoteOutcome } from './protocol/index.js';
import { smallerResults } from './protocol/smaller-results.js';

/** Outcomes of one turn of the event loop go home in as few messages as possible. */
export class OutcomeBatches {
  readonly #send: (bytes: Uint8Array) => void;
  #outcomes: RemoteOutcome[] = [];
  #bytes = 0;
  #timer: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send;
  }

  add(outcome: RemoteOutcome): void {
    if (this.#isClosed) return;
    this.#outcomes.push(outcome);
    this.#bytes += sizeOf(outcome);
    if (this.#outcomes.length >= PROTOCOL_BOUNDS.runs || this.#bytes >= PROVIDER_BOUNDS.outcomesBytes) this.flush();
    else this.#timer ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.#timer);
    this.#timer = undefined;
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    this.#bytes = 0;
    if (outcomes.length === 0 || this.#isClosed) return;
    try {
      this.#send(encodeProviderMessage({ type: 'outcomes', outcomes }));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      for (const outcome of outcomes) this.#sendAlone(outcome);
    }
  }

  close(): void {
    clearImmediate(this.#timer);
    this.#isClosed = true;
  }

  /** What it read is left out before the outcome itself is. */
  #sendAlone(outcome: RemoteOutcome): void {
    for (const each of smallerResults(outcome)) {
      try {
        this.#send(encodeProviderMessage({ type: 'outcomes', outcomes: [each] }));
        return;
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
  }
}

/** About what it takes in a message. */
function sizeOf({ effects, log, reads, pages = [] }: RemoteOutcome): number {
  let bytes = 512;
  for (const { keys } of pages) for (const key of keys) bytes += 8 + key.length;
  for (const effect of effects) {
    bytes += 128;
    if (effect.kind === 'publish') bytes += effect.topic.length + effect.payload.length;
    else if (effect.kind === 'set') bytes += effect.key.length + effect.value.length;
  }
  for (const { message } of log) bytes += 64 + message.length;
  for (const { key, value } of reads) bytes += 128 + key.length + (value?.length ?? 0);
  return bytes;
}
