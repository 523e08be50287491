import { stat } from 'node:fs/promises';
import { STORE_BOUNDS } from './limits.js';
import { GroupSync, type SyncFile } from './group-sync.js';
import { StoreError } from './store.js';
import { Upkeep } from './upkeep.js';

/** How often, in commits, the size of the log is looked at. */
const LOOK_EVERY = 256;

/**
 * What happens to SQLite's write-ahead log besides being written to: it is
 * made durable in groups, and copied into the database when it has grown.
 *
 * Copying takes two passes in a thread. The first may take long and nobody
 * waits for it, but while there are commits it never reaches the end. During
 * the second the store asks for no commits (`paused`): it has little left to
 * copy, and after it the log begins anew, which keeps its size bounded. Only
 * a reader that holds its snapshot that long can put that off, to the next time;
 * runs hold theirs for a second (`snapshotMs`).
 */
export class WriteAheadLog {
  readonly #file: string;
  readonly #sync: GroupSync;
  readonly #upkeep: Upkeep;
  #commits = 0;
  #copying: Promise<void> | undefined;
  #paused: Promise<void> | undefined;

  constructor(database: string, sync: SyncFile | undefined) {
    this.#file = `${database}-wal`;
    this.#sync = new GroupSync(this.#file, sync);
    this.#upkeep = new Upkeep(database);
  }

  /** Set while no commit should be made; resolves when it may. */
  get paused(): Promise<void> | undefined {
    return this.#paused;
  }

  durable(): Promise<void> {
    return this.#sync.durable();
  }

  /** To be told of each commit. */
  grew(): void {
    if (++this.#commits % LOOK_EVERY !== 0 || this.#copying !== undefined) return;
    this.#copying = this.#copyIfLarge().finally(() => (this.#copying = undefined));
  }

  async backup(file: string): Promise<void> {
    try {
      await this.#upkeep.backup(file);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StoreError('backup-failed', `Cannot write a backup to ${file}: ${reason}`, { cause });
    }
  }

  /** Leaves the log as it is: the connection that is closed last copies it. */
  async close(): Promise<void> {
    await this.#sync.close();
    await this.#copying;
    await this.#upkeep.close();
  }

  async #copyIfLarge(): Promise<void> {
    try {
      const { size } = await stat(this.#file);
      if (size < STORE_BOUNDS.logBytes) return;
      await this.#upkeep.checkpoint();
      this.#paused = this.#upkeep.checkpoint().catch(() => undefined);
      await this.#paused;
    } catch {
      // The log goes on growing; the next look tries again, and a full disk shows itself in a commit.
    } finally {
      this.#paused = undefined;
    }
  }
}
