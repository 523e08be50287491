import { RunsWithRows } from './runs-with-rows.js';
import type { Connection, Statement } from './sqlite.js';
import type { RunPlace, StoredMove } from './store.js';

/** Runs of the inbox that move between this hub and a provider. All within the caller's transaction. */
export class MovingTable {
  readonly #connection: Connection;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  readonly #rows: RunsWithRows;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#upsert = connection.prepare('INSERT OR REPLACE INTO moving_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#remove = connection.prepare('DELETE FROM moving_runs WHERE inbox_id = ? AND run = ?');
    this.#rows = new RunsWithRows(this.load().map(({ place }) => place));
  }

  load(): readonly StoredMove[] {
    const rows = this.#connection.prepare('SELECT * FROM moving_runs').all();
    return rows.map((row) => ({
      place: { group: Number(row['inbox_id']), run: Number(row['run']) },
      attempt: Number(row['attempt']),
      id: String(row['id']),
      provider: String(row['provider']),
      fits: String(row['fits']),
      anchor: textIn(row['anchor']),
      difference: textIn(row['difference']),
      stub: String(row['stub']),
    }));
  }

  put({ place, attempt, id, provider, fits, anchor, difference, stub }: StoredMove): void {
    const files = [anchor ?? null, difference ?? null];
    this.#upsert.run(place.group, place.run, attempt, id, provider, fits, ...files, stub);
    this.#rows.put(place);
  }

  /** A run is over, begins anew, or moves no more. */
  remove(place: RunPlace): void {
    if (this.#rows.remove(place)) this.#remove.run(place.group, place.run);
  }

  committed(): void {
    this.#rows.committed();
  }

  rolledBack(): void {
    this.#rows.rolledBack();
  }
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
