import { randomInt } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { STORE_BOUNDS } from './limits.js';
import { Connection, sqliteCode } from './sqlite.js';
import { StoreError } from './store.js';

const FILE = 'lock';

/** Who has a data directory. */
export interface Holder {
  readonly pid: number;
  /** Drawn at random each time: process ids come again. */
  readonly mark: number;
}

/**
 * Keeps a second hub out of a data directory.
 *
 * The lock is the one that SQLite holds on the file during a transaction,
 * which never ends here: the operating system lets go of it with the
 * process, however that ends, so that none is ever left behind. Who holds it
 * is written in the file's `user_version` and `application_id`, which others
 * can still read.
 *
 * @returns lets go of the lock.
 * @throws StoreError 'locked', naming the process.
 */
export function lockDirectory(directory: string): () => void {
  const connection = new Connection(join(directory, FILE), { readOnly: false });
  try {
    connection.exec(`PRAGMA busy_timeout = ${STORE_BOUNDS.lockWaitMs}`);
    const who = `PRAGMA user_version = ${process.pid}; PRAGMA application_id = ${randomInt(1, 2 ** 31 - 1)}`;
    connection.exec(`BEGIN IMMEDIATE; ${who}; COMMIT; BEGIN IMMEDIATE`);
  } catch (error) {
    const holder = writtenIn(connection)?.pid ?? 'unknown';
    connection.close();
    throw new StoreError(
      'locked',
      `Cannot use ${directory} as another hub does, process ${holder}: stop it, or give this one a directory of its own`,
      { cause: error },
    );
  }
  return () => connection.close();
}

/**
 * Who has that directory now, if anybody: to be asked by those who may write there. What it takes of the lock to find out it
 * lets go of at once.
 */
export function holderOf(directory: string): Holder | undefined {
  const file = join(directory, FILE);
  try {
    // Opening it would make it, and who may only read would be told that nobody holds it.
    accessSync(file, constants.W_OK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const connection = new Connection(file, { readOnly: false });
  try {
    return isHeld(connection) ? writtenIn(connection) : undefined;
  } finally {
    connection.close();
  }
}

function isHeld(connection: Connection): boolean {
  try {
    connection.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (error) {
    if (sqliteCode(error) === SQLITE_BUSY) return true;
    throw error;
  }
}

const SQLITE_BUSY = 5;

function writtenIn(connection: Connection): Holder | undefined {
  const read = (pragma: string): number => Number(connection.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
  try {
    return { pid: read('user_version'), mark: read('application_id') };
  } catch {
    return undefined;
  }
}
