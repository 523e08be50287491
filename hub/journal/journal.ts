import type { Devices } from './devices.js';
import { JOURNAL_BOUNDS } from './limits.js';
import type { Logger } from '../log.js';
import { OneByOne, type WrittenApart } from './one-by-one.js';
import {
  writeFault,
  type Also,
  type ChangeResult,
  type DeadMessage,
  type Delivery,
  type LetterId,
  type OutboxGroup,
  type RunPlace,
  type ScheduleChange,
  type RunRecord,
  type StateChange,
  type Store,
  type StoredEvent,
  type StoredQuarantine,
} from '../store/index.js';

export interface JournalParts {
  readonly store: Store;
  readonly log: Logger;
  /** What goes along with a transaction into the bucket `devices`. */
  readonly devices?: Pick<Devices, 'waiting' | 'pending' | 'written'>;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** Messages that may leave: they are on disk. In the order of their numbers. */
  readonly released: (group: OutboxGroup) => void;
  /** So many dead letters went as there were too many. */
  readonly lettersDropped: (letters: number) => void;
  /** Told what runs wanted and what came of it, before anyone else is. */
  readonly changed?: (changes: readonly StateChange[], results: readonly ChangeResult[]) => void;
  /** The disk no longer confirms what is written, or the store cannot take it: nothing may leave from now on. */
  readonly failed: (error: Error) => void;
}

interface Batch {
  readonly changes: readonly StateChange[];
  readonly settled: (results: readonly ChangeResult[]) => void;
}

/** What is to be written with the next transaction. */
class Turn {
  readonly events: StoredEvent[] = [];
  readonly deliveries: Delivery[] = [];
  readonly batches: Batch[] = [];
  readonly sent: number[] = [];
  readonly dead: DeadMessage[] = [];
  /** By task and timer: of each only the last counts. */
  readonly schedules = new Map<string, ScheduleChange>();
  readonly discarded: LetterId[] = [];
  readonly quarantines: StoredQuarantine[] = [];
  readonly records: RunRecord[] = [];
  recordBytes = 0;
  readonly onDurable: (() => void)[] = [];
  runs = 0;

  constructor(readonly inboxId: number) {}

  get changes(): readonly StateChange[] {
    const { batches } = this;
    return batches.length === 1 ? (batches[0]?.changes ?? []) : batches.flatMap((batch) => batch.changes);
  }

  get isEmpty(): boolean {
    const { events, batches, sent, dead, discarded, quarantines } = this;
    const lists = [events, batches, sent, dead, discarded, quarantines];
    return this.schedules.size === 0 && lists.every(({ length }) => length === 0);
  }
}

type Due = 'now' | 'soon' | 'later';

const URGENCY = { now: 2, soon: 1, later: 0 };

/**
 * Writes what happens, in few transactions: each costs as much as several
 * events. Runs that ended are written in the turn of the event loop in which
 * they did, with all that was received and sent until then. What was received
 * waits a moment for the end of its runs, which most have by then; with one
 * transaction and one confirmation of the disk for both, an event is through
 * sooner.
 *
 * A transaction that fails, for instance as the disk is full, is tried again
 * until it succeeds: until then its events are not acknowledged and its runs
 * not over, which makes the hub stop taking more. One that never can, as
 * something in it cannot be written, is taken apart (`OneByOne`).
 */
export class Journal {
  readonly #parts: JournalParts;
  #turn: Turn;
  /** When the next commit is made; undefined for none. */
  #due: Due | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #waiting = false;
  #broken = false;
  /** What is written one by one, and goes before the next transaction. */
  #apart: { readonly turn: Turn; readonly writing: OneByOne } | undefined;
  #recordsDue = false;
  #recordsTimer: NodeJS.Timeout | undefined;
  /** Runs whose records were left out, as too many waited. */
  unrecorded = 0;
  readonly #flushDue = (): void => {
    this.#due = undefined;
    this.flush();
  };

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#turn = new Turn(parts.store.nextInboxId());
  }

  /**
   * Takes an event into the inbox.
   * @param durable Called when it is on disk.
   * @returns where the first of its runs is; the others follow.
   */
  receive(event: StoredEvent, delivery: Delivery | undefined, durable: () => void): RunPlace {
    const place = { group: this.#turn.inboxId, run: this.#turn.runs };
    this.#turn.events.push(event);
    this.#turn.runs += event.runs.length;
    if (delivery !== undefined) this.#turn.deliveries.push(delivery);
    this.#turn.onDurable.push(durable);
    this.#schedule('soon');
    return place;
  }

  /** Commits what runs want, with the next `flush`. @param settled Called then, before anything of it leaves the hub. */
  write(changes: readonly StateChange[], settled: Batch['settled']): void {
    this.#turn.batches.push({ changes, settled });
    this.#schedule('now');
  }

  /** How far a timer has come: in one transaction with all that this turn of the event loop receives. */
  advance(change: ScheduleChange): void {
    this.#turn.schedules.set(`${change.task}/${change.timer}`, change);
    this.#schedule('soon');
  }

  /**
   * Keeps the record of a run for which nothing else is kept, with the next transaction: of others, or within
   * `recordsMs`. A hub that is killed before has no record of it, as MQTT promises nothing for such a run.
   */
  record(record: RunRecord, bytes: number): void {
    const turn = this.#turn;
    if (turn.recordBytes + bytes > JOURNAL_BOUNDS.waitingRecordBytes) {
      this.unrecorded++;
      return;
    }
    turn.records.push(record);
    turn.recordBytes += bytes;
    this.#recordsTimer ??= setTimeout(() => this.flushRecords(), JOURNAL_BOUNDS.recordsMs);
  }

  /** Commits records that wait, with whatever else does. */
  flushRecords(): void {
    clearTimeout(this.#recordsTimer);
    this.#recordsTimer = undefined;
    this.#recordsDue = this.#turn.records.length > 0;
    this.flush();
  }

  /** The broker has all messages of a group. That it is known late costs nothing: they would be published again. */
  sent(outboxId: number): void {
    this.#turn.sent.push(outboxId);
    this.#schedule('later');
  }

  /** The broker will not take a message. */
  bury(dead: DeadMessage): void {
    this.#turn.dead.push(dead);
    this.#schedule('now');
  }

  /** Dead letters are no longer to be kept, from the same transaction on. @param durable Called when that is on disk. */
  discard(letters: readonly LetterId[], durable: () => void): void {
    this.#turn.discarded.push(...letters);
    this.#turn.onDurable.push(durable);
    this.#schedule('now');
  }

  /** Keeps what is known of a task that fails. */
  note(quarantine: StoredQuarantine): void {
    this.#turn.quarantines.push(quarantine);
    this.#schedule('soon');
  }

  /** Commits now, unless the store asks for a pause or the last transaction failed. */
  flush(): void {
    const { store, devices } = this.#parts;
    const waits = !this.#turn.isEmpty || this.#recordsDue || devices?.waiting === true;
    if (!waits && this.#apart === undefined) return;
    if (this.#waiting || this.#retry !== undefined || this.#broken) return;
    if (store.paused !== undefined) {
      this.#waiting = true;
      void this.#flushAfter(store.paused);
      return;
    }
    this.#commit();
  }

  /** Commits what there is and waits until it is on disk, or until that has failed. */
  async settle(): Promise<void> {
    const { store } = this.#parts;
    while (store.paused !== undefined) await store.paused;
    this.flushRecords();
    await store.durable().catch(() => undefined);
  }

  /** Makes a last attempt, and none after it. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
    this.#retry = undefined;
    await this.settle();
    clearTimeout(this.#retry);
    this.#broken = true;
  }

  #schedule(due: Due): void {
    if (this.#due !== undefined && URGENCY[this.#due] >= URGENCY[due]) return;
    this.#due = due;
    clearTimeout(this.#timer);
    // After everything that one read of the socket brings.
    if (due === 'now') setImmediate(this.#flushDue);
    else this.#timer = setTimeout(this.#flushDue, due === 'soon' ? JOURNAL_BOUNDS.receivedMs : JOURNAL_BOUNDS.sentMs);
  }

  async #flushAfter(pause: Promise<void>): Promise<void> {
    await pause;
    this.#waiting = false;
    this.flush();
  }

  #commit(): void {
    if (this.#apart !== undefined) return this.#commitApart();
    const { store, log, devices } = this.#parts;
    const turn = this.#turn;
    const also = this.#alsoOf(turn);
    let committed;
    try {
      committed = store.commit(turn.changes, devices === undefined ? also : { ...also, devices: devices.pending });
      devices?.written();
    } catch (error) {
      // What is left out of a turn that is taken apart (`devices`) would fail again at once.
      const isEmpty = turn.isEmpty && turn.records.length === 0;
      if (writeFault(error) !== 'lasting' || isEmpty) return this.#notWritten(error);
      log.error({ err: error }, 'something cannot be written: it is looked for');
      this.#apart = { turn, writing: new OneByOne(this.#parts, turn.changes, also) };
      this.#begin(new Turn(store.nextInboxId()));
      return this.#commitApart();
    }
    this.#begin(new Turn(also.received === undefined ? turn.inboxId : store.nextInboxId()));
    const { results, outbox, lettersDropped } = committed;
    this.#written(turn, { results, outbox: outbox === undefined ? [] : [outbox], lettersDropped });
  }

  #commitApart(): void {
    if (this.#apart === undefined) return;
    const { turn, writing } = this.#apart;
    let written;
    try {
      written = writing.write();
    } catch (error) {
      return this.#notWritten(error);
    }
    this.#apart = undefined;
    this.#written(turn, written);
    // What came meanwhile.
    this.flush();
  }

  #alsoOf(turn: Turn): Also {
    const { inboxId, events, deliveries, sent, dead, discarded, quarantines, records } = turn;
    const received = events.length === 0 ? undefined : { id: inboxId, events };
    const schedules = [...turn.schedules.values()];
    return { received, deliveries, sent, dead, schedules, discarded, quarantines, records, atMs: this.#parts.clock() };
  }

  #begin(turn: Turn): void {
    this.#recordsDue = false;
    clearTimeout(this.#recordsTimer);
    this.#recordsTimer = undefined;
    this.#turn = turn;
  }

  /** What the store does not take for now is tried again. What it never will take ends the hub, which could do nothing more. */
  #notWritten(error: unknown): void {
    if (writeFault(error) !== 'passing') return this.#fail(error);
    const { events, changes } = this.#apart?.turn ?? this.#turn;
    this.#parts.log.error(
      { err: error, events: events.length, runs: changes.length },
      'the store could not be written to: it is tried again',
    );
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.flush();
    }, JOURNAL_BOUNDS.retryMs);
  }

  #fail(error: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#parts.failed(error instanceof Error ? error : new Error(String(error)));
  }

  #written({ events, batches, changes, discarded, onDurable }: Turn, written: WrittenApart): void {
    const { results, outbox, lettersDropped } = written;
    this.#parts.changed?.(changes, results);
    if (events.length > 0 || changes.length > 0 || discarded.length > 0) void this.#keep(onDurable, outbox);
    if (lettersDropped > 0) this.#parts.lettersDropped(lettersDropped);
    let from = 0;
    for (const batch of batches) {
      batch.settled(results.slice(from, from + batch.changes.length));
      from += batch.changes.length;
    }
  }

  /** What the world outside is told waits for the disk. */
  async #keep(onDurable: readonly (() => void)[], outbox: readonly OutboxGroup[]): Promise<void> {
    const { store, released } = this.#parts;
    try {
      await store.durable();
    } catch (error) {
      return this.#fail(error);
    }
    for (const durable of onDurable) durable();
    for (const group of outbox) released(group);
  }
}
