/** State as the runtime's threads read it: a module for `RuntimeOptions.state`. */
import type { StateReader, StateSnapshot, Stored } from '../../runtime/index.js';
import { blobOf, Connection, type Row, type Statement } from './sqlite.js';

export interface ReaderOptions {
  /** The store's file; it exists. */
  readonly file: string;
}

/** @param options A `ReaderOptions`. @throws Error when the file cannot be opened. */
export function openState(options: unknown): StateReader {
  if (!isReaderOptions(options)) throw new TypeError('Cannot open state as its options must be { file: string }');
  return new SqliteReader(options.file);
}

class SqliteReader implements StateReader {
  readonly #connection: Connection;
  readonly #get: Statement;
  readonly #keysFromStart: Statement;
  readonly #keysAfter: Statement;
  readonly #keysVersion: Statement;

  constructor(file: string) {
    this.#connection = new Connection(file, { readOnly: true });
    this.#connection.exec('PRAGMA busy_timeout = 2000');
    this.#get = this.#connection.prepare('SELECT value, version FROM state WHERE bucket = ? AND key = ?');
    this.#keysFromStart = this.#connection.prepare('SELECT key FROM state WHERE bucket = ? ORDER BY key LIMIT ?');
    this.#keysAfter = this.#connection.prepare(
      'SELECT key FROM state WHERE bucket = ? AND key > ? ORDER BY key LIMIT ?',
    );
    this.#keysVersion = this.#connection.prepare('SELECT version FROM key_sets WHERE bucket = ?');
  }

  snapshot(): StateSnapshot {
    let begun = false;
    // Most runs read nothing: the transaction begins with the first read.
    const begin = (): void => {
      if (begun) return;
      this.#connection.exec('BEGIN');
      begun = true;
    };
    return {
      get: (bucket, key) => {
        begin();
        const row = this.#get.get(bucket, Buffer.from(key));
        return row === undefined ? undefined : storedOf(row);
      },
      keys: (bucket, after, limit) => {
        begin();
        const rows =
          after === undefined
            ? this.#keysFromStart.all(bucket, limit)
            : this.#keysAfter.all(bucket, Buffer.from(after), limit);
        return rows.map((row) => Buffer.from(blobOf(row['key'])).toString('utf8'));
      },
      keysVersion: (bucket) => {
        begin();
        return Number(this.#keysVersion.get(bucket)?.['version'] ?? 0);
      },
      release: () => {
        if (!begun) return;
        // In this order: the call may fail, where a guest has left little of the stack, and is made again then.
        this.#connection.exec('COMMIT');
        begun = false;
      },
    };
  }

  close(): void {
    this.#connection.close();
  }
}

function storedOf(row: Row): Stored {
  return { value: blobOf(row['value']), version: Number(row['version']) };
}

function isReaderOptions(options: unknown): options is ReaderOptions {
  return typeof options === 'object' && options !== null && 'file' in options && typeof options.file === 'string';
}
