import { RunsWithRows } from './runs-with-rows.js';
import type { Connection, Statement } from './sqlite.js';
import type { RunPlace, StoredRetry } from './store.js';

/** Runs of the inbox that are in their second attempt or a later one, or wait for it. All within the caller's transaction. */
export class RetryTable {
  readonly #connection: Connection;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  readonly #rows: RunsWithRows;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#upsert = connection.prepare(
      'INSERT INTO retries VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET attempt = excluded.attempt, due_at_ms = excluded.due_at_ms',
    );
    this.#remove = connection.prepare('DELETE FROM retries WHERE inbox_id = ? AND run = ?');
    this.#rows = new RunsWithRows(this.load().map(({ place }) => place));
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
    this.#rows.put(place);
  }

  /** A run is over. */
  end(place: RunPlace): void {
    if (this.#rows.remove(place)) this.#remove.run(place.group, place.run);
  }

  committed(): void {
    this.#rows.committed();
  }

  rolledBack(): void {
    this.#rows.rolledBack();
  }
}
