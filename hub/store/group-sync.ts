import { close, fdatasync, openSync } from 'node:fs';
import { StoreError } from './store.js';

interface Waiting {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: StoreError): void;
}

/** Tells the disk to keep a file: replaced in tests. */
export type SyncFile = (fd: number, done: (error: Error | null) => void) => void;

/**
 * Makes what is written to SQLite's write-ahead log durable, for many commits
 * at a time and without blocking: who asks while the disk works waits for the
 * next round, with all the others.
 *
 * It has a descriptor of its own on the log. Closing it lets go of no lock of
 * SQLite: those are on the database and on the -shm file. The log stays the
 * same file as long as a connection is open.
 *
 * A failed fdatasync is final: the kernel may have dropped the pages and
 * report success the next time (https://wiki.postgresql.org/wiki/Fsync_Errors).
 */
export class GroupSync {
  readonly #fd: number;
  readonly #sync: SyncFile;
  #running = false;
  #next: Waiting | undefined;
  #failed: StoreError | undefined;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(file: string, sync: SyncFile = fdatasync) {
    this.#fd = openSync(file, 'r+');
    this.#sync = sync;
  }

  /** Resolves when all that was written before the call is on disk. @throws StoreError 'sync-failed', 'closed'. */
  durable(): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    if (this.#closed) return Promise.reject(new StoreError('closed', 'Cannot sync as the store is closed'));
    this.#next ??= waiting();
    const { promise } = this.#next;
    if (!this.#running) this.#round();
    return promise;
  }

  /** Waits for the round that runs. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#running) await new Promise<void>((resolve) => (this.#idle = resolve));
    await new Promise<void>((resolve) => close(this.#fd, () => resolve()));
  }

  #round(): void {
    const round = this.#next;
    if (round === undefined) {
      this.#idle?.();
      return;
    }
    this.#next = undefined;
    this.#running = true;
    this.#sync(this.#fd, (cause) => {
      this.#running = false;
      if (cause === null) {
        round.resolve();
        this.#round();
        return;
      }
      this.#failed = new StoreError(
        'sync-failed',
        `Cannot keep what was written as the disk does not confirm it: ${cause.message}`,
        { cause },
      );
      round.reject(this.#failed);
      this.#next?.reject(this.#failed);
      this.#next = undefined;
      this.#idle?.();
    });
  }
}

function waiting(): Waiting {
  let settle: Pick<Waiting, 'resolve' | 'reject'> = { resolve: () => undefined, reject: () => undefined };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}
