import { STORE_BOUNDS } from './limits.js';
import { GroupProgress, InboxProgress } from './inbox-progress.js';
import { packDeliveries, packEvents, unpackDeliveries, unpackEvents } from './packed-rows.js';
import { blobOf, type Connection, type Statement } from './sqlite.js';
import type { Delivery, InboxGroup, RunPlace, UnfinishedGroup } from './store.js';

/** Rows of a backlog that are in memory besides the runs that came of it. */
const ROWS_PER_READ = 256;

/** Events whose runs are not all over, and the deliveries they came by. All within the caller's transaction. */
export class InboxTable {
  readonly #connection: Connection;
  readonly #insert: Statement;
  readonly #remove: Statement;
  readonly #noteOver: Statement;
  readonly #removeOver: Statement;
  readonly #insertDeliveries: Statement;
  readonly #pruneDeliveries: Statement;
  readonly #progress = new InboxProgress();
  /** Rows of `deliveries`, oldest first. */
  readonly #deliveries: { readonly id: number; readonly count: number }[] = [];
  #deliveryCount = 0;
  /** How many of those rows the transaction removes, the oldest. */
  #pruned = 0;
  #lastId: number;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#insert = connection.prepare('INSERT INTO inbox VALUES (?, ?)');
    this.#remove = connection.prepare('DELETE FROM inbox WHERE id = ?');
    this.#noteOver = connection.prepare(
      'INSERT INTO inbox_over VALUES (?, ?) ON CONFLICT DO UPDATE SET runs = excluded.runs',
    );
    this.#removeOver = connection.prepare('DELETE FROM inbox_over WHERE inbox_id = ?');
    this.#insertDeliveries = connection.prepare('INSERT INTO deliveries VALUES (?, ?)');
    this.#pruneDeliveries = connection.prepare('DELETE FROM deliveries WHERE id <= ?');
    const row = connection.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'inbox'").get();
    this.#lastId = Number(row?.['seq'] ?? 0);
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** To be called before the ends of its runs. The row is written by `write`, if a run is left by then. */
  receive(group: InboxGroup): void {
    this.#progress.receive(group.id, new GroupProgress(runsOf(group), undefined));
  }

  end(place: RunPlace): void {
    this.#progress.end(place);
  }

  /** Whether a run has ended, or was never there. */
  isOver({ group, run }: RunPlace): boolean {
    return this.#progress.get(group)?.isOver(run) ?? true;
  }

  /** Brings the tables to what was received and ended. */
  write(received: InboxGroup | undefined, deliveries: readonly Delivery[]): void {
    if (received !== undefined && this.#progress.get(received.id)?.left !== 0) {
      this.#insert.run(received.id, packEvents(received.events));
    }
    for (const [id, { left, bits, stored, noted }] of this.#progress.touched()) {
      if (left > 0) this.#noteOver.run(id, bits);
      else if (stored) {
        this.#remove.run(id);
        if (noted) this.#removeOver.run(id);
      }
    }
    if (deliveries.length > 0) this.#insertDeliveries.run(this.#nextDelivery(), packDeliveries(deliveries));
    this.#prune();
  }

  committed(received: InboxGroup | undefined, deliveries: readonly Delivery[]): void {
    const group = received === undefined ? undefined : this.#progress.get(received.id);
    if (group !== undefined) group.stored = true;
    for (const progress of this.#progress.touched().values()) progress.noted = true;
    this.#progress.committed();
    for (const { count } of this.#deliveries.splice(0, this.#pruned)) this.#deliveryCount -= count;
    this.#pruned = 0;
    if (deliveries.length === 0) return;
    this.#deliveries.push({ id: this.#nextDelivery(), count: deliveries.length });
    this.#deliveryCount += deliveries.length;
  }

  rolledBack(): void {
    this.#progress.rolledBack();
    this.#pruned = 0;
  }

  /**
   * Groups of an earlier hub, read page by page, so that a long backlog is not in memory twice. To be gone through once,
   * before anything else.
   */
  *load(): Generator<UnfinishedGroup> {
    const over = new Map(
      this.#connection
        .prepare('SELECT inbox_id, runs FROM inbox_over')
        .all()
        .map((row) => [Number(row['inbox_id']), blobOf(row['runs'])]),
    );
    const page = this.#connection.prepare('SELECT id, events FROM inbox WHERE id > ? ORDER BY id LIMIT ?');
    let rows = page.all(-1, ROWS_PER_READ);
    while (rows.length > 0) {
      let last = -1;
      for (const row of rows) {
        last = Number(row['id']);
        const group = { id: last, events: unpackEvents(blobOf(row['events'])) };
        const progress = new GroupProgress(runsOf(group), over.get(group.id) ?? new Uint8Array(0));
        this.#progress.add(group.id, progress);
        yield { ...group, isOver: (run) => progress.isOver(run) };
      }
      rows = page.all(last, ROWS_PER_READ);
    }
  }

  loadDeliveries(): readonly Delivery[] {
    const rows = this.#connection.prepare('SELECT id, entries FROM deliveries ORDER BY id').all();
    const all: Delivery[] = [];
    for (const row of rows) {
      const entries = unpackDeliveries(blobOf(row['entries']));
      this.#deliveries.push({ id: Number(row['id']), count: entries.length });
      this.#deliveryCount += entries.length;
      all.push(...entries);
    }
    return all;
  }

  #nextDelivery(): number {
    return (this.#deliveries.at(-1)?.id ?? 0) + 1;
  }

  /** Many rows at a time: each delete touches pages of its own. */
  #prune(): void {
    if (this.#deliveryCount < 2 * STORE_BOUNDS.deliveries) return;
    let keepFrom = 0;
    let count = this.#deliveryCount;
    for (const { count: rowCount } of this.#deliveries) {
      if (count - rowCount < STORE_BOUNDS.deliveries) break;
      count -= rowCount;
      keepFrom++;
    }
    const last = this.#deliveries[keepFrom - 1];
    if (last === undefined) return;
    this.#pruneDeliveries.run(last.id);
    this.#pruned = keepFrom;
  }
}

function runsOf({ events }: InboxGroup): number {
  return events.reduce((runs, event) => runs + event.runs.length, 0);
}
