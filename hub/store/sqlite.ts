/**
 * SQLite, whichever way this Node has it: built in from 22.13, before that from
 * a package with the same interface. Nothing else imports either.
 */
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';

type DatabaseClass = new (file: string, options?: { readonly readOnly?: boolean }) => DatabaseSyncInstance;

const Database = await load();

export type Row = Readonly<Record<string, unknown>>;
export type Value = string | number | Uint8Array | null;

/** A prepared statement. Parameters are by position. */
export class Statement {
  readonly #statement: StatementSyncInstance;

  constructor(statement: StatementSyncInstance) {
    this.#statement = statement;
  }

  run(...values: readonly Value[]): void {
    this.#statement.run(...values);
  }

  get(...values: readonly Value[]): Row | undefined {
    const row: unknown = this.#statement.get(...values);
    return isRow(row) ? row : undefined;
  }

  all(...values: readonly Value[]): readonly Row[] {
    const rows: readonly unknown[] = this.#statement.all(...values);
    return rows.filter(isRow);
  }
}

/** A connection. All its calls block. */
export class Connection {
  readonly #database: DatabaseSyncInstance;

  constructor(file: string, options: { readonly readOnly: boolean }) {
    this.#database = new Database(file, options);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string): Statement {
    return new Statement(this.#database.prepare(sql));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

async function load(): Promise<DatabaseClass> {
  const builtIn: unknown = process.getBuiltinModule('node:sqlite');
  if (hasDatabase(builtIn)) return builtIn.DatabaseSync;
  const { DatabaseSync } = await import('@photostructure/sqlite');
  return DatabaseSync;
}

function hasDatabase(module: unknown): module is { readonly DatabaseSync: DatabaseClass } {
  return (
    typeof module === 'object' &&
    module !== null &&
    'DatabaseSync' in module &&
    typeof module.DatabaseSync === 'function'
  );
}

/** A value that must be a blob. @throws TypeError when it is something else. */
export function blobOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError('Cannot read the store as a value in it is not a blob');
}

/** SQLite's primary code of an error; undefined for one that is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

function isRow(row: unknown): row is Row {
  return typeof row === 'object' && row !== null;
}
