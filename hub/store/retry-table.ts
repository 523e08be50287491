import type { Connection, Statement } from './sqlite.js';
import type { RunPlace, StoredRetry } from './store.js';

/** Runs of the inbox that are in their second attempt or a later one, or wait for it. All within the caller's transaction. */
export class RetryTable {
  readonly #connection: Connection;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  /** Runs that have a row: most runs have none, and their end costs nothing here. */
  readonly #rows = new Set<string>();
  #put: string[] = [];
  #ended: string[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#upsert = connection.prepare(
      'INSERT INTO retries VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET attempt = excluded.attempt, due_at_ms = excluded.due_at_ms',
    );
    this.#remove = connection.prepare('DELETE FROM retries WHERE inbox_id = ? AND run = ?');
    for (const row of connection.prepare('SELECT inbox_id, run FROM retries').all()) {
      this.#rows.add(nameOf({ group: Number(row['inbox_id']), run: Number(row['run']) }));
    }
  }

  load(): readonly StoredRetry[] {
    const rows = this.#connection.prepare('SELECT inbox_id, run, attempt, due_at_ms FROM retries').all();
    return rows.map((row) => ({
      place: { group: Number(row['inbox_id']), run: Number(row['run']) },
      attempt: Number(row['attempt']),
      dueAtMs: Number(row['due_at_ms']),
    }));
  }

  put({ place, attempt, dueAtMs }: StoredRetry): void {
    this.#upsert.run(place.group, place.run, attempt, dueAtMs);
    this.#put.push(nameOf(place));
  }

  /** A run is over. */
  end(place: RunPlace): void {
    if (this.#rows.size === 0 && this.#put.length === 0) return;
    const name = nameOf(place);
    if (!this.#rows.has(name) && !this.#put.includes(name)) return;
    this.#remove.run(place.group, place.run);
    this.#ended.push(name);
  }

  committed(): void {
    for (const name of this.#put) this.#rows.add(name);
    for (const name of this.#ended) this.#rows.delete(name);
    this.rolledBack();
  }

  rolledBack(): void {
    if (this.#put.length > 0) this.#put = [];
    if (this.#ended.length > 0) this.#ended = [];
  }
}

function nameOf({ group, run }: RunPlace): string {
  return `${group}/${run}`;
}
