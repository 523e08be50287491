import type { Journal } from '../journal/index.js';
import { LETTER_BOUNDS } from './limits.js';
import { STORE_BOUNDS } from '../store/limits.js';
import type {
  ChangeResult,
  DeadLetter,
  LetterId,
  LetterSummary,
  Store,
  StoredEvent,
  StoredMessage,
} from '../store/index.js';
import { letterName } from './letter-id.js';

/** Takes events for tasks anew: `Intake`. */
interface Redrives {
  /** @returns why it was not taken. */
  redrive(name: string, event: StoredEvent, durable: () => void): string | undefined;
}

export interface DeadLettersParts {
  readonly store: Pick<Store, 'deadLetters' | 'deadLetter'>;
  readonly journal: Pick<Journal, 'discard' | 'write' | 'flush'>;
  readonly intake: Redrives;
}

export interface Redriven {
  readonly redriven: number;
  /** Letters that are kept. */
  readonly left: number;
  /** Why the first of those is. */
  readonly reason?: string;
}

/** All letters that there can be. */
const EVERY = STORE_BOUNDS.deadLetters + STORE_BOUNDS.deadMessages;

/**
 * What was given up: to be looked at, sent back, or thrown away.
 *
 * A letter that is sent back leaves in the transaction in which its event is
 * in the inbox again, or its message in the outbox: a kill leaves one of the
 * two. What was promised has been written to the disk when a call resolves.
 */
export class DeadLetters {
  readonly #parts: DeadLettersParts;
  /** Letters that leave with the next transaction: nobody else may send them back. */
  readonly #leaving = new Set<string>();

  constructor(parts: DeadLettersParts) {
    this.#parts = parts;
  }

  /** The latest first. */
  list(which: { readonly task?: string | undefined; readonly limit: number }): readonly LetterSummary[] {
    return this.#parts.store.deadLetters(which).filter(({ id }) => !this.#leaving.has(letterName(id)));
  }

  get(id: LetterId): DeadLetter | undefined {
    return this.#leaving.has(letterName(id)) ? undefined : this.#parts.store.deadLetter(id);
  }

  /** Sends one back. @returns undefined when there is none of that name. */
  async redrive(id: LetterId): Promise<Redriven | undefined> {
    const letter = this.get(id);
    if (letter === undefined) return undefined;
    const reason = await this.#send(letter);
    return reason === undefined ? { redriven: 1, left: 0 } : { redriven: 0, left: 1, reason };
  }

  /** Sends back all, or those of a task, the oldest first; from the first one that is refused on, they are kept. */
  async redriveAll(task: string | undefined): Promise<Redriven> {
    const ids = this.list({ task, limit: EVERY }).map(({ id }) => id);
    ids.reverse();
    let redriven = 0;
    for (let from = 0; from < ids.length; from += LETTER_BOUNDS.redriveAtOnce) {
      const some = ids.slice(from, from + LETTER_BOUNDS.redriveAtOnce).flatMap((id) => this.get(id) ?? []);
      const reasons = await Promise.all(some.map((letter) => this.#send(letter)));
      redriven += reasons.filter((reason) => reason === undefined).length;
      const reason = reasons.find((one) => one !== undefined);
      if (reason !== undefined) return { redriven, left: ids.length - redriven, reason };
    }
    return { redriven, left: 0 };
  }

  /** Throws one away. @returns whether there was one. */
  async purge(id: LetterId): Promise<boolean> {
    if (this.get(id) === undefined) return false;
    await this.#leave([id], (durable) => this.#parts.journal.discard([id], durable));
    return true;
  }

  /** Throws all away, or those of a task. @returns how many. */
  async purgeAll(task: string | undefined): Promise<number> {
    const ids = this.list({ task, limit: EVERY }).map(({ id }) => id);
    if (ids.length > 0) await this.#leave(ids, (durable) => this.#parts.journal.discard(ids, durable));
    return ids.length;
  }

  /** @returns why it cannot be sent back; then it is kept. */
  async #send(letter: DeadLetter): Promise<string | undefined> {
    const { id, task } = letter.summary;
    if (letter.kind === 'message') return this.#publish(id, letter.message);
    let refused: string | undefined;
    await this.#leave([id], (durable) => {
      refused = this.#parts.intake.redrive(task, letter.event, durable);
      if (refused === undefined) this.#parts.journal.discard([id], () => undefined);
      else durable();
    });
    return refused;
  }

  async #publish(id: LetterId, message: StoredMessage): Promise<string | undefined> {
    let result: ChangeResult | undefined;
    await this.#leave([id], (durable) => {
      const change = { reads: [], writes: [], messages: [message], revives: id };
      this.#parts.journal.write([change], ([written]) => (result = written));
      this.#parts.journal.discard([], durable);
    });
    return result?.kind === 'refused' ? result.message : undefined;
  }

  /** @param ask Calls what it is given when the letters have left for good, or are to stay. */
  async #leave(ids: readonly LetterId[], ask: (durable: () => void) => void): Promise<void> {
    const names = ids.map(letterName);
    for (const name of names) this.#leaving.add(name);
    const left = new Promise<void>((resolve) => ask(resolve));
    this.#parts.journal.flush();
    await left;
    for (const name of names) this.#leaving.delete(name);
  }
}
