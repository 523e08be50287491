import { RunsWithRows } from './runs-with-rows.js';
import type { Connection, Statement } from './sqlite.js';
import type { RunPlace, StoredPoint } from './store.js';

/** Points of execution that runs of the inbox have come to. All within the caller's transaction. */
export class PointTable {
  readonly #connection: Connection;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  readonly #rows: RunsWithRows;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#upsert = connection.prepare('INSERT OR REPLACE INTO run_points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#remove = connection.prepare('DELETE FROM run_points WHERE inbox_id = ? AND run = ?');
    this.#rows = new RunsWithRows(this.load().map(({ place }) => place));
  }

  load(): readonly StoredPoint[] {
    const rows = this.#connection.prepare('SELECT * FROM run_points').all();
    return rows.map((row) => ({
      place: { group: Number(row['inbox_id']), run: Number(row['run']) },
      attempt: Number(row['attempt']),
      digest: String(row['digest']),
      fuel: Number(row['fuel']),
      atMs: Number(row['at_ms']),
      fits: String(row['fits']),
      byHand: Number(row['by_hand']) === 1,
      base: typeof row['base'] === 'string' ? row['base'] : undefined,
    }));
  }

  put({ place, attempt, digest, fuel, atMs, fits, byHand, base }: StoredPoint): void {
    this.#upsert.run(place.group, place.run, attempt, digest, fuel, atMs, fits, byHand ? 1 : 0, base ?? null);
    this.#rows.put(place);
  }

  /** A run is over, or begins anew. */
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
