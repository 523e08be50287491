import { join } from 'node:path';
import { Connection } from './sqlite.js';
import { StoreError } from './store.js';

/**
 * Keeps a second hub out of a data directory.
 *
 * The lock is the one that SQLite holds on the file during a transaction,
 * which never ends here: the operating system lets go of it with the
 * process, however that ends, so that none is ever left behind. Who holds it
 * is written in the file's `user_version`, which others can still read.
 *
 * @returns lets go of the lock.
 * @throws StoreError 'locked', naming the process.
 */
export function lockDirectory(directory: string): () => void {
  const file = join(directory, 'lock');
  const connection = new Connection(file, { readOnly: false });
  try {
    connection.exec('PRAGMA busy_timeout = 0');
    connection.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; COMMIT; BEGIN IMMEDIATE`);
  } catch (error) {
    const holder = holderOf(connection);
    connection.close();
    throw new StoreError(
      'locked',
      `Cannot use ${directory} as another hub does, process ${holder}: stop it, or give this one a directory of its own`,
      { cause: error },
    );
  }
  return () => connection.close();
}

function holderOf(connection: Connection): string {
  try {
    return String(Number(connection.prepare('PRAGMA user_version').get()?.['user_version']));
  } catch {
    return 'unknown';
  }
}
