import type { Connection, Statement } from './sqlite.js';
import type { RunPlace, StoredPoint } from './store.js';

/** Points of execution that runs of the inbox have come to. All within the caller's transaction. */
export class PointTable {
  readonly #connection: Connection;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  /** Runs that have a row: most have none, and their end costs nothing here. */
  readonly #rows = new Set<string>();
  #put: string[] = [];
  #gone: string[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#upsert = connection.prepare('INSERT OR REPLACE INTO run_points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#remove = connection.prepare('DELETE FROM run_points WHERE inbox_id = ? AND run = ?');
    for (const { place } of this.load()) this.#rows.add(nameOf(place));
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
    this.#put.push(nameOf(place));
  }

  /** A run is over, or begins anew. */
  remove(place: RunPlace): void {
    if (this.#rows.size === 0 && this.#put.length === 0) return;
    const name = nameOf(place);
    if (!this.#rows.has(name) && !this.#put.includes(name)) return;
    this.#remove.run(place.group, place.run);
    this.#gone.push(name);
    this.#put = this.#put.filter((put) => put !== name);
  }

  committed(): void {
    for (const name of this.#gone) this.#rows.delete(name);
    for (const name of this.#put) this.#rows.add(name);
    this.rolledBack();
  }

  rolledBack(): void {
    if (this.#put.length > 0) this.#put = [];
    if (this.#gone.length > 0) this.#gone = [];
  }
}

function nameOf({ group, run }: RunPlace): string {
  return `${group}/${run}`;
}
