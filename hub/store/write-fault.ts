import { sqliteCode } from './sqlite.js';
import { StoreError } from './store.js';

/** What SQLite says of a disk, of memory, or of others at the file: https://www.sqlite.org/rescode.html */
const PASSING: ReadonlySet<number> = new Set([
  3, // PERM
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  10, // IOERR
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL
]);

/** CORRUPT and NOTADB. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);

export type WriteFault =
  /** Not of what was to be written: it is tried again. */
  | 'passing'
  /** The database is damaged. */
  | 'damaged'
  /** Of what was to be written: that cannot be, however often it is tried. */
  | 'lasting';

/** Why a transaction failed. @param error What `Store.commit` threw. */
export function writeFault(error: unknown): WriteFault {
  if (!(error instanceof StoreError) || error.code !== 'write-failed') return 'passing';
  const code = sqliteCode(error.cause);
  if (code === undefined) return 'lasting';
  if (DAMAGED.has(code)) return 'damaged';
  return PASSING.has(code) ? 'passing' : 'lasting';
}
