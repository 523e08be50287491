import type { Connection, Statement } from './sqlite.js';
import type { RunPlace, StoredMove } from './store.js';

/** Runs of the inbox that move between this hub and a provider. All within the caller's transaction. */
export class MovingTable {
  readonly #connection: Connection;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  /** Runs that have a row: most have none, and their end costs nothing here. */
  readonly #rows = new Set<string>();
  #put: string[] = [];
  #gone: string[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#upsert = connection.prepare('INSERT OR REPLACE INTO moving_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#remove = connection.prepare('DELETE FROM moving_runs WHERE inbox_id = ? AND run = ?');
    for (const { place } of this.load()) this.#rows.add(nameOf(place));
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
    this.#put.push(nameOf(place));
  }

  /** A run is over, begins anew, or moves no more. */
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

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
