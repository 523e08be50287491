import type { Connection, Statement } from './sqlite.js';
import type { StoredQuarantine } from './store.js';

/** Tasks that fail. All within the caller's transaction. */
export class QuarantineTable {
  readonly #connection: Connection;
  readonly #upsert: Statement;
  readonly #remove: Statement;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#upsert = connection.prepare('INSERT OR REPLACE INTO quarantines VALUES (?, ?, ?, ?, ?, ?)');
    this.#remove = connection.prepare('DELETE FROM quarantines WHERE task = ?');
  }

  /** A task without failures has no row. */
  write(quarantines: readonly StoredQuarantine[]): void {
    for (const { task, version, digest, failures, trips, untilMs } of quarantines) {
      if (failures === 0) this.#remove.run(task);
      else this.#upsert.run(task, version, digest, failures, trips, untilMs ?? null);
    }
  }

  load(): readonly StoredQuarantine[] {
    return this.#connection
      .prepare('SELECT * FROM quarantines')
      .all()
      .map((row) => ({
        task: String(row['task']),
        version: String(row['version']),
        digest: String(row['digest']),
        failures: Number(row['failures']),
        trips: Number(row['trips']),
        untilMs: row['until_ms'] === null ? undefined : Number(row['until_ms']),
      }));
  }
}
