import type { Logger } from '../log.js';
import {
  StoreError,
  writeFault,
  type Also,
  type ChangeResult,
  type Committed,
  type OutboxGroup,
  type StateChange,
  type Store,
} from '../store/index.js';

export interface OneByOneParts {
  readonly store: Pick<Store, 'commit'>;
  readonly log: Logger;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
}

/** What came of them, in as many transactions as it took. */
export interface WrittenApart {
  readonly results: readonly ChangeResult[];
  readonly outbox: readonly OutboxGroup[];
  readonly lettersDropped: number;
}

/**
 * Writes what could not be written together, as something in it cannot be written at all: each change in a transaction
 * of its own, so that only the one at fault is refused.
 *
 * Of a change, the record goes first: a run is not to fail as nobody could keep what it did. Then a change that wants
 * something is refused, which its run takes for a failure; one that wants nothing but the end of its run has that and
 * nothing else.
 */
export class OneByOne {
  readonly #parts: OneByOneParts;
  readonly #changes: readonly StateChange[];
  /** Undefined once it is written. */
  #also: Also | undefined;
  readonly #results: ChangeResult[] = [];
  readonly #outbox: OutboxGroup[] = [];
  #lettersDropped = 0;

  constructor(parts: OneByOneParts, changes: readonly StateChange[], also: Also) {
    this.#parts = parts;
    this.#changes = changes;
    this.#also = also;
  }

  /**
   * Goes on where it failed.
   * @throws StoreError when the store takes nothing for now, or, with another `writeFault`, not even what must be written.
   */
  write(): WrittenApart {
    if (this.#also !== undefined) this.#writeAlso(this.#also);
    this.#also = undefined;
    for (const change of this.#changes.slice(this.#results.length)) this.#results.push(this.#resultOf(change));
    return { results: this.#results, outbox: this.#outbox, lettersDropped: this.#lettersDropped };
  }

  #writeAlso(also: Also): void {
    const fault = this.#tried([], also);
    if (fault === undefined) return;
    const { records = [] } = also;
    const without = this.#tried([], { ...also, records: [] });
    if (without !== undefined) throw without;
    this.#parts.log.error({ err: fault, runs: records.length }, 'records of runs cannot be written, and are left out');
  }

  #resultOf(change: StateChange): ChangeResult {
    const { log, clock } = this.#parts;
    const { record, writes, messages = [], ends } = change;
    const also = { atMs: clock() };
    let results: readonly ChangeResult[] = [];
    const tried = (smaller: StateChange): StoreError | undefined =>
      this.#tried([smaller], also, (written) => (results = written));
    const fault = tried(change);
    if (fault === undefined) return results[0] ?? COMMITTED;
    if (record !== undefined && tried({ ...change, record: undefined }) === undefined) {
      log.error({ err: fault, runId: record.runId }, 'the record of a run cannot be written, and is left out');
      return results[0] ?? COMMITTED;
    }
    const which = { err: fault, runId: record?.runId, place: ends };
    if (writes.length + messages.length > 0) {
      log.error(which, 'what a run did cannot be written, and is refused');
      return { kind: 'refused', message: fault.message };
    }
    const bare = tried({ reads: [], writes: [], ends });
    if (bare !== undefined) throw bare;
    log.error(which, 'what is to be kept of a run cannot be written, and is left out');
    return COMMITTED;
  }

  /** @returns why it cannot be written. @throws StoreError when nothing can be, for now or as the database is damaged. */
  #tried(
    changes: readonly StateChange[],
    also: Also,
    written: (results: readonly ChangeResult[]) => void = () => undefined,
  ): StoreError | undefined {
    let committed: Committed;
    try {
      committed = this.#parts.store.commit(changes, also);
    } catch (error) {
      if (error instanceof StoreError && writeFault(error) === 'lasting') return error;
      throw error;
    }
    if (committed.outbox !== undefined) this.#outbox.push(committed.outbox);
    this.#lettersDropped += committed.lettersDropped;
    written(committed.results);
    return undefined;
  }
}

const COMMITTED: ChangeResult = { kind: 'committed' };
