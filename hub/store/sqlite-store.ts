import { HUB_BOUNDS } from '../limits.js';
import { changedUsage, usageFault, type BucketUsage } from './bucket-usage.js';
import { prepareTables } from './schema.js';
import { Connection, type Statement } from './sqlite.js';
import { StoreError, type ChangeResult, type StateChange, type Store, type Write } from './store.js';

const COMMITTED: ChangeResult = { kind: 'committed' };

/** What a key holds, with the bytes of its entry. */
interface Entry {
  readonly version: number;
  readonly bytes: number;
}

/**
 * Opens the store, creating it if need be.
 *
 * The one connection that writes. In WAL mode readers neither wait for it nor
 * hold it up, and each sees one moment.
 *
 * @throws StoreError 'open-failed'.
 */
export function openStore(file: string): Store {
  try {
    return new SqliteStore(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError('open-failed', `Cannot open the store ${file}: ${reason}`, { cause: error });
  }
}

class SqliteStore implements Store {
  readonly #connection: Connection;
  readonly #select: Statement;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  readonly #usageOf: Statement;
  readonly #setRevision: Statement;
  readonly #usage = new Map<string, BucketUsage>();
  #revision: number;
  #closed = false;

  constructor(file: string) {
    this.#connection = new Connection(file, { readOnly: false });
    try {
      this.#connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000');
      prepareTables(this.#connection);
      this.#select = this.#connection.prepare(
        'SELECT version, length(key) + length(value) AS bytes FROM state WHERE bucket = ? AND key = ?',
      );
      this.#upsert = this.#connection.prepare(
        'INSERT INTO state VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version',
      );
      this.#remove = this.#connection.prepare('DELETE FROM state WHERE bucket = ? AND key = ?');
      this.#usageOf = this.#connection.prepare(
        'SELECT count(*) AS keys, coalesce(sum(length(key) + length(value)), 0) AS bytes FROM state WHERE bucket = ?',
      );
      this.#setRevision = this.#connection.prepare("UPDATE meta SET number = ? WHERE name = 'revision'");
      const row = this.#connection.prepare("SELECT number FROM meta WHERE name = 'revision'").get();
      this.#revision = Number(row?.['number'] ?? 0);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  commit(changes: readonly StateChange[]): readonly ChangeResult[] {
    if (this.#closed) throw new StoreError('closed', 'Cannot commit as the store is closed');
    if (changes.every(isEmpty)) return changes.map(() => COMMITTED);
    const usage = new Map(this.#usage);
    const revision = this.#revision;
    try {
      this.#connection.exec('BEGIN IMMEDIATE');
      const results = changes.map((change) => this.#apply(change));
      if (this.#revision !== revision) this.#setRevision.run(this.#revision);
      this.#connection.exec('COMMIT');
      return results;
    } catch (error) {
      this.#rollBack(revision, usage);
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreError('write-failed', `Cannot write state: ${reason}`, { cause: error });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }

  /** Everything that could refuse a change is looked at before anything of it is written. */
  #apply({ reads, writes }: StateChange): ChangeResult {
    for (const { bucket, key, version } of reads) {
      if ((this.#entry(bucket, key)?.version ?? 0) !== version) return { kind: 'conflict', bucket, key };
    }
    if (writes.length === 0) return COMMITTED;
    const last = lastOfEachKey(writes);
    const usage = this.#usageAfter(last);
    if (typeof usage === 'string') return { kind: 'refused', message: usage };
    for (const [bucket, after] of usage) this.#usage.set(bucket, after);
    this.#revision++;
    for (const { bucket, key, value } of last) {
      if (value === undefined) this.#remove.run(bucket, Buffer.from(key));
      else this.#upsert.run(bucket, Buffer.from(key), value, this.#revision);
    }
    return COMMITTED;
  }

  /** How full the buckets would be, or why they must not be. */
  #usageAfter(writes: readonly Write[]): ReadonlyMap<string, BucketUsage> | string {
    const usage = new Map<string, BucketUsage>();
    for (const { bucket, key, value } of writes) {
      if (value !== undefined && value.length > HUB_BOUNDS.valueBytes) {
        return `a value must have at most ${HUB_BOUNDS.valueBytes} bytes: that of "${key}" has ${value.length}`;
      }
      const before = this.#entry(bucket, key)?.bytes;
      const after = value === undefined ? undefined : Buffer.byteLength(key) + value.length;
      usage.set(bucket, changedUsage(usage.get(bucket) ?? this.#currentUsage(bucket), { before, after }));
    }
    for (const [bucket, after] of usage) {
      const fault = usageFault(bucket, this.#currentUsage(bucket), after);
      if (fault !== undefined) return fault;
    }
    return usage;
  }

  #entry(bucket: string, key: string): Entry | undefined {
    const row = this.#select.get(bucket, Buffer.from(key));
    return row === undefined ? undefined : { version: Number(row['version']), bytes: Number(row['bytes']) };
  }

  /** Counted once per bucket and then kept up to date, as a count reads the whole bucket. */
  #currentUsage(bucket: string): BucketUsage {
    const known = this.#usage.get(bucket);
    if (known !== undefined) return known;
    const row = this.#usageOf.get(bucket);
    const usage = { keys: Number(row?.['keys'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
    this.#usage.set(bucket, usage);
    return usage;
  }

  #rollBack(revision: number, usage: ReadonlyMap<string, BucketUsage>): void {
    this.#revision = revision;
    this.#usage.clear();
    for (const [bucket, before] of usage) this.#usage.set(bucket, before);
    try {
      this.#connection.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
  }
}

function isEmpty({ reads, writes }: StateChange): boolean {
  return reads.length === 0 && writes.length === 0;
}

function lastOfEachKey(writes: readonly Write[]): readonly Write[] {
  if (writes.length === 1) return writes;
  const last = new Map<string, Write>();
  for (const write of writes) last.set(`${write.bucket}\0${write.key}`, write);
  return [...last.values()];
}
