import type { Connection } from './sqlite.js';

/** Grows with each change to the tables; a database with a higher one is from a later Sterna. */
const SCHEMA_VERSION = 1;

/**
 * Keys are the bytes of their UTF-8, which makes SQLite order them as
 * `StateSnapshot.keys` promises and lets them hold U+0000.
 *
 * `revision` counts the transactions that wrote state. A row's version is the
 * revision that wrote it, so that it grows even across a delete.
 */
const TABLES = `
  CREATE TABLE IF NOT EXISTS state (
    bucket TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (bucket, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
  INSERT OR IGNORE INTO meta VALUES ('revision', 0);
`;

/** Creates what is missing. @throws Error when the database is from a later Sterna. */
export function prepareTables(connection: Connection): void {
  const version = Number(connection.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `its format is ${version}, and this Sterna knows formats up to ${SCHEMA_VERSION}: use a newer Sterna`,
    );
  }
  connection.exec(TABLES);
  connection.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}
