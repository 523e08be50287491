import type { Connection, Statement } from './sqlite.js';

/**
 * When the set of a bucket's keys last changed. A run that listed keys depends on those that were not there as well: no
 * version of a key says so.
 */
export class KeySets {
  readonly #select: Statement;
  readonly #upsert: Statement;

  constructor(connection: Connection) {
    this.#select = connection.prepare('SELECT version FROM key_sets WHERE bucket = ?');
    this.#upsert = connection.prepare(
      'INSERT INTO key_sets VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version',
    );
  }

  /** See `StateSnapshot.keysVersion`. */
  version(bucket: string): number {
    return Number(this.#select.get(bucket)?.['version'] ?? 0);
  }

  /** A key came to the bucket, or left it. */
  changed(bucket: string, revision: number): void {
    this.#upsert.run(bucket, revision);
  }
}
