import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SyncFile } from '../../../hub/store/group-sync.js';
import { Connection } from '../../../hub/store/sqlite.js';
import type { FaultPoints } from './fault-points.js';

/** What ends with the hub: its process only, or what the disk had not confirmed, too. */
export type Loss = 'process' | 'power';

/**
 * A data directory, and what of it would be left after a power cut: the
 * database as it was when the log was last copied into it, and of the log
 * what a sync has confirmed. Without a sync, a disk keeps nothing.
 */
export class Disk {
  readonly #database: string;
  #points: FaultPoints | undefined;
  #confirmed: { readonly database: Buffer; readonly log: Buffer } | undefined;

  constructor(readonly directory: string) {
    this.#database = join(directory, 'state.db');
  }

  /** To be called when the store is open: SQLite has synced by then. */
  opened(points: FaultPoints): void {
    this.#points = points;
    this.#confirm();
  }

  /** Confirms, in a later turn, what was written before the call. */
  readonly sync: SyncFile = (_, done) => {
    this.#points?.pass('before sync');
    const log = readFileSync(`${this.#database}-wal`);
    const before = this.#confirmed?.database;
    setImmediate(() => {
      // Unless the log was copied meanwhile: then it has been confirmed, whole.
      if (before !== undefined && before === this.#confirmed?.database) this.#confirmed = { database: before, log };
      this.#points?.pass('after sync');
      done(null);
    });
  };

  /** What the store's thread does when the log has grown. SQLite syncs the log before, and the database after. */
  copyLog(): void {
    const connection = new Connection(this.#database, { readOnly: false });
    connection.exec('PRAGMA busy_timeout = 2000; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0');
    connection.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    this.#confirm();
    connection.close();
  }

  /** Copies what is left now to another directory. */
  leave(directory: string, loss: Loss): void {
    mkdirSync(directory, { recursive: true });
    const copy = join(directory, 'state.db');
    if (loss === 'process' || this.#confirmed === undefined) {
      for (const suffix of ['', '-wal']) copyFileSync(`${this.#database}${suffix}`, `${copy}${suffix}`);
      return;
    }
    writeFileSync(copy, this.#confirmed.database);
    writeFileSync(`${copy}-wal`, this.#confirmed.log);
  }

  #confirm(): void {
    this.#confirmed = { database: readFileSync(this.#database), log: readFileSync(`${this.#database}-wal`) };
  }
}
