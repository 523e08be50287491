import type { Connection } from './sqlite.js';

/**
 * Each step leads from its place in this list to the next format. Steps that
 * were released are never changed: a new format is a new step.
 */
const MIGRATIONS: readonly string[] = [
  /*
   * Keys are the bytes of their UTF-8, which makes SQLite order them as
   * `StateSnapshot.keys` promises and lets them hold U+0000.
   *
   * `revision` counts the transactions that wrote state. A row's version is the
   * revision that wrote it, so that it grows even across a delete.
   */
  `
  CREATE TABLE IF NOT EXISTS state (
    bucket TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (bucket, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
  INSERT OR IGNORE INTO meta VALUES ('revision', 0);
  `,
  /*
   * A row is what one turn of the event loop brought, packed (packed-rows.ts).
   * `inbox_over` has a bit for each run of a group that is over, while not all are.
   * AUTOINCREMENT: the number of a group that is gone does not come again.
   */
  `
  CREATE TABLE inbox (id INTEGER PRIMARY KEY AUTOINCREMENT, events BLOB NOT NULL);
  CREATE TABLE inbox_over (inbox_id INTEGER PRIMARY KEY, runs BLOB NOT NULL);
  CREATE TABLE deliveries (id INTEGER PRIMARY KEY, entries BLOB NOT NULL);
  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    count INTEGER NOT NULL,
    messages BLOB NOT NULL
  );
  CREATE TABLE dead_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    message BLOB NOT NULL
  );
  `,
  /* From here on, packed events and messages may end with a chain. */
  `
  CREATE TABLE session_filters (filter TEXT PRIMARY KEY) WITHOUT ROWID;
  `,
  /* `dealt_ms`: firings up to that moment are dealt with. `memory`: what a trigger's shaping remembers, packed. */
  `
  CREATE TABLE schedules (
    task TEXT NOT NULL,
    timer TEXT NOT NULL,
    rule TEXT NOT NULL,
    dealt_ms INTEGER NOT NULL,
    fired_ms INTEGER,
    turn INTEGER NOT NULL,
    furthest_ms INTEGER,
    PRIMARY KEY (task, timer)
  ) WITHOUT ROWID;
  CREATE TABLE shaping (
    task TEXT NOT NULL,
    filter TEXT NOT NULL,
    rules TEXT NOT NULL,
    memory BLOB NOT NULL,
    PRIMARY KEY (task, filter)
  );
  `,
  /*
   * Runs that failed: those that go again, those that were given up, and tasks of which too many were.
   * A row of `retries` goes with the end of its run. What is large in a letter comes last, so that listing does not read it.
   */
  `
  CREATE TABLE retries (
    inbox_id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    due_at_ms REAL NOT NULL,
    PRIMARY KEY (inbox_id, run)
  ) WITHOUT ROWID;
  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms REAL NOT NULL,
    task TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload_bytes INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    event BLOB NOT NULL
  );
  CREATE TABLE quarantines (
    task TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    failures INTEGER NOT NULL,
    trips INTEGER NOT NULL,
    until_ms REAL
  ) WITHOUT ROWID;
  `,
  /*
   * `key_sets`: the revision at which a key last came to a bucket or left it.
   *
   * `run_records`: what one turn of the event loop ended, packed (record-packing.ts). Rows are pieces of one long tape:
   * `ends` is where a row's bytes end on it, counted from the first row ever, so that the difference of two is what lies
   * between them. `at_ms` never falls from one row to the next.
   *
   * `task_versions`: what the runs of a version were given, once for all of them.
   */
  `
  CREATE TABLE key_sets (bucket TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE run_records (ends INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, runs BLOB NOT NULL);
  CREATE TABLE task_versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL UNIQUE,
    contents TEXT NOT NULL
  );
  `,
  /* The last point of execution of a run of the inbox that goes on: a file of this digest. A row goes with the end of its run. */
  `
  CREATE TABLE run_points (
    inbox_id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    digest TEXT NOT NULL,
    fuel REAL NOT NULL,
    at_ms REAL NOT NULL,
    fits TEXT NOT NULL,
    by_hand INTEGER NOT NULL,
    PRIMARY KEY (inbox_id, run)
  ) WITHOUT ROWID;
  `,
  /* A point may be the difference to another file, which stands alone. */
  `
  ALTER TABLE run_points ADD COLUMN base TEXT;
  `,
  /* What this hub holds of a run of the inbox that moves; `anchor` and `difference` are files of these digests. A row goes with the end of its run. */
  `
  CREATE TABLE moving_runs (
    inbox_id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    id TEXT NOT NULL,
    provider TEXT NOT NULL,
    fits TEXT NOT NULL,
    anchor TEXT,
    difference TEXT,
    stub TEXT NOT NULL,
    PRIMARY KEY (inbox_id, run)
  ) WITHOUT ROWID;
  `,
  /* Buckets that may hold what `task` learnt of topics that must not leave the hub, for as long as they have keys. */
  `
  CREATE TABLE learnt_buckets (bucket TEXT PRIMARY KEY, task TEXT NOT NULL) WITHOUT ROWID;
  `,
  /* The versions of which runs move, by what a run of theirs is given: `fits` of those runs. */
  `
  CREATE TABLE moving_versions (
    fits TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    toml TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  /* Executions of that attempt that came to their end, each after others had written what it read. */
  `
  ALTER TABLE retries ADD COLUMN executions INTEGER NOT NULL DEFAULT 0;
  `,
  /* From here on, those of which runs have a point are among them, too. */
  `
  ALTER TABLE moving_versions RENAME TO begun_versions;
  ALTER TABLE begun_versions RENAME COLUMN digest TO component;
  `,
];

/**
 * Brings a database to the present format, each step in a transaction of its own.
 * @throws Error when it is from a later Sterna.
 */
export function migrate(connection: Connection): void {
  const version = Number(connection.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `its format is ${version}, and this Sterna knows formats up to ${MIGRATIONS.length}: use a newer Sterna`,
    );
  }
  for (const [from, step] of MIGRATIONS.entries()) {
    if (from < version) continue;
    connection.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${from + 1}; COMMIT`);
  }
}
