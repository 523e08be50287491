import { randomInt } from 'node:crypto';
import { dirname } from 'node:path';
import { STORE_BOUNDS } from './limits.js';
import { syncFolder } from '../data-folder/index.js';
import { changedUsage, usageFault, type BucketUsage } from './bucket-usage.js';
import { lockDirectory } from './directory-lock.js';
import { DevicesTable } from './devices-table.js';
import { FilterTable } from './filter-table.js';
import { LearntTable } from './learnt-table.js';
import type { SyncFile } from './group-sync.js';
import { BegunRunsTable } from './begun-runs-table.js';
import { DeadLetterTable } from './dead-letter-table.js';
import { InboxTable } from './inbox-table.js';
import { KeySets } from './key-sets.js';
import { OutboxTable } from './outbox-table.js';
import { QuarantineTable } from './quarantine-table.js';
import { type RecordBounds, type RunRecord } from './run-record.js';
import { RunRecordTable } from './run-record-table.js';
import { MOVES, POINTS, RETRIES } from './run-table-shapes.js';
import { RunTable } from './run-table.js';
import { ScheduleTable } from './schedule-table.js';
import { migrate } from './schema.js';
import { ShapingTable } from './shaping-table.js';
import { Connection, type Statement } from './sqlite.js';
import {
  StoreError,
  type Also,
  type ChangeResult,
  type Committed,
  type DeadLetter,
  type DeadMessage,
  type Delivery,
  type LetterId,
  type LetterSummary,
  type OutboxGroup,
  type StateChange,
  type Store,
  type StoredMove,
  type StoredPoint,
  type StoredSchedule,
  type StoredShaping,
  type StoredQuarantine,
  type StoredRetry,
  type UnfinishedGroup,
  type Write,
} from './store.js';
import { WriteAheadLog } from './write-ahead-log.js';

const NO_DEVICES = { clear: false, seen: [] };

const COMMITTED: ChangeResult = { kind: 'committed' };

/** What a key holds, with the bytes of its entry. */
interface Entry {
  readonly version: number;
  readonly bytes: number;
}

export interface StoreOptions {
  readonly sync?: SyncFile;
  /** How much is kept of runs that are over. Default: `STORE_BOUNDS.records`. */
  readonly records?: RecordBounds;
}

/**
 * Opens the store, creating it if need be, and keeps every other hub out of its directory.
 *
 * The one connection that writes. In WAL mode readers neither wait for it nor
 * hold it up, and each sees one moment. A database that is damaged is
 * refused, not replaced: it holds events that were acknowledged.
 *
 * @throws StoreError 'open-failed', 'locked'.
 */
export function openStore(file: string, options: StoreOptions = {}): Store {
  const unlock = lockedFor(file);
  try {
    return new SqliteStore(file, unlock, options);
  } catch (error) {
    unlock();
    throw openFailed(file, error);
  }
}

/**
 * Where versions go on. A store that was put in the place of a later one gives none again that has been read: a run that
 * comes home with such a read would pass for one that saw what is here.
 */
function beyond(revision: number): number {
  const { versionsApart } = STORE_BOUNDS;
  return revision === 0 ? 0 : revision + versionsApart + randomInt(versionsApart);
}

function lockedFor(file: string): () => void {
  try {
    return lockDirectory(dirname(file));
  } catch (error) {
    throw error instanceof StoreError ? error : openFailed(file, error);
  }
}

function openFailed(file: string, cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreError('open-failed', `Cannot open the store ${file}: ${reason}`, { cause });
}

class SqliteStore implements Store {
  readonly #connection: Connection;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #select: Statement;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  readonly #countUsage: Statement;
  readonly #setRevision: Statement;
  readonly #usage = new Map<string, BucketUsage>();
  readonly #inbox: InboxTable;
  readonly #outbox: OutboxTable;
  readonly #filters: FilterTable;
  readonly #learnt: LearntTable;
  readonly #schedules: ScheduleTable;
  readonly #shaping: ShapingTable;
  readonly #retries: RunTable<StoredRetry>;
  readonly #points: BegunRunsTable<StoredPoint>;
  readonly #moving: BegunRunsTable<StoredMove>;
  readonly #letters: DeadLetterTable;
  readonly #quarantines: QuarantineTable;
  readonly #devices: DevicesTable;
  readonly #keySets: KeySets;
  readonly #records: RunRecordTable;
  readonly #log: WriteAheadLog;
  readonly #unlock: () => void;
  #revision: number;
  #closed: Promise<void> | undefined;

  constructor(file: string, unlock: () => void, { sync, records }: StoreOptions) {
    this.#unlock = unlock;
    this.#connection = new Connection(file, { readOnly: false });
    try {
      this.#connection.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000; PRAGMA wal_autocheckpoint = 0',
      );
      requireIntact(this.#connection, file);
      migrate(this.#connection);
      this.#begin = this.#connection.prepare('BEGIN IMMEDIATE');
      this.#commit = this.#connection.prepare('COMMIT');
      this.#select = this.#connection.prepare(
        'SELECT version, length(key) + length(value) AS bytes FROM state WHERE bucket = ? AND key = ?',
      );
      this.#upsert = this.#connection.prepare(
        'INSERT INTO state VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version',
      );
      this.#remove = this.#connection.prepare('DELETE FROM state WHERE bucket = ? AND key = ?');
      this.#countUsage = this.#connection.prepare(
        'SELECT count(*) AS keys, coalesce(sum(length(key) + length(value)), 0) AS bytes FROM state WHERE bucket = ?',
      );
      this.#setRevision = this.#connection.prepare("UPDATE meta SET number = ? WHERE name = 'revision'");
      const row = this.#connection.prepare("SELECT number FROM meta WHERE name = 'revision'").get();
      this.#revision = beyond(Number(row?.['number'] ?? 0));
      this.#inbox = new InboxTable(this.#connection);
      this.#outbox = new OutboxTable(this.#connection);
      this.#filters = new FilterTable(this.#connection);
      this.#learnt = new LearntTable(this.#connection);
      this.#schedules = new ScheduleTable(this.#connection);
      this.#shaping = new ShapingTable(this.#connection);
      this.#retries = new RunTable(this.#connection, RETRIES);
      this.#points = new BegunRunsTable(this.#connection, POINTS);
      this.#moving = new BegunRunsTable(this.#connection, MOVES);
      this.#letters = new DeadLetterTable(this.#connection);
      this.#quarantines = new QuarantineTable(this.#connection);
      this.#devices = new DevicesTable(this.#connection);
      this.#keySets = new KeySets(this.#connection);
      this.#records = new RunRecordTable(this.#connection, records ?? STORE_BOUNDS.records);
      // What an earlier hub wrote and could not sync any more becomes durable before anything is built on it.
      this.#connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
      syncFolder(dirname(file));
      this.#log = new WriteAheadLog(file, sync);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  get paused(): Promise<void> | undefined {
    return this.#log.paused;
  }

  get lastOutboxId(): number {
    return this.#outbox.lastId;
  }

  commit(changes: readonly StateChange[], also: Also = {}): Committed {
    if (this.#closed !== undefined) throw new StoreError('closed', 'Cannot commit as the store is closed');
    const { received, deliveries = [], sent = [], dead = [], schedules = [], discarded = [], quarantines = [] } = also;
    const { devices = NO_DEVICES, records = [], atMs = 0 } = also;
    const lists = [sent, dead, deliveries, schedules, discarded, quarantines, devices.seen, records];
    const nothing = received === undefined && !devices.clear && lists.every(({ length }) => length === 0);
    if (nothing && changes.every(isEmpty)) {
      return { results: changes.map(() => COMMITTED), outbox: undefined, lettersDropped: 0 };
    }
    const usage = new Map(this.#usage);
    const revision = this.#revision;
    try {
      this.#begin.run();
      if (received !== undefined) this.#inbox.receive(received);
      const ended: RunRecord[] = [...records];
      const results = changes.map((change) => this.#apply(change, ended));
      this.#inbox.write(received, deliveries);
      const deadDropped = this.#outbox.write(sent, dead);
      this.#schedules.write(schedules);
      const lettersDropped = this.#letters.write(discarded) + deadDropped;
      this.#quarantines.write(quarantines);
      if (devices.clear) this.#devices.clear();
      if (devices.seen.length > 0) this.#devices.write(devices.seen, ++this.#revision);
      this.#records.write(ended, atMs);
      if (this.#revision !== revision) this.#setRevision.run(this.#revision);
      this.#commit.run();
      this.#inbox.committed(received, deliveries);
      this.#retries.committed();
      this.#points.committed();
      this.#moving.committed();
      this.#letters.committed();
      this.#records.committed();
      this.#log.grew();
      return { results, outbox: this.#outbox.committed(sent), lettersDropped };
    } catch (error) {
      this.#rollBack(revision, usage);
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreError('write-failed', `Cannot write to the store: ${reason}`, { cause: error });
    }
  }

  durable(): Promise<void> {
    return this.#log.durable();
  }

  unfinished(): Iterable<UnfinishedGroup> {
    return this.#inbox.load();
  }

  deliveries(): readonly Delivery[] {
    return this.#inbox.loadDeliveries();
  }

  nextInboxId(): number {
    return this.#inbox.nextId();
  }

  shaping(): { readonly memories: readonly StoredShaping[]; readonly isComplete: boolean } {
    return this.#shaping.load();
  }

  keepShaping(memories: readonly StoredShaping[], isComplete: boolean): void {
    if (this.#closed !== undefined) throw new StoreError('closed', 'Cannot keep shaping as the store is closed');
    try {
      this.#connection.exec('BEGIN IMMEDIATE');
      this.#shaping.write(memories, isComplete);
      this.#connection.exec('COMMIT');
      this.#log.grew();
    } catch (error) {
      this.#rollBack(this.#revision, new Map(this.#usage));
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreError('write-failed', `Cannot write to the store: ${reason}`, { cause: error });
    }
  }

  schedules(): readonly StoredSchedule[] {
    return this.#schedules.load();
  }

  unsent(range: { readonly after: number; readonly upTo: number; readonly limit: number }): readonly OutboxGroup[] {
    return this.#outbox.range(range);
  }

  deadMessages(): readonly DeadMessage[] {
    return this.#outbox.dead();
  }

  filters(): readonly string[] {
    return this.#filters.all();
  }

  changeFilters(change: Parameters<Store['changeFilters']>[0]): void {
    this.#note('topic filters', () => this.#filters.change(change));
  }

  learntBuckets(): ReadonlyMap<string, string> {
    return this.#learnt.all();
  }

  noteLearnt(buckets: ReadonlyMap<string, string>): void {
    this.#note('private buckets', () => this.#learnt.add(buckets));
  }

  forgetEmptyLearnt(): void {
    this.#note('private buckets', () => this.#learnt.forgetEmpty());
  }

  /** @throws StoreError 'write-failed'. */
  #note(what: string, write: () => void): void {
    try {
      write();
      this.#log.grew();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreError('write-failed', `Cannot note ${what} in the store: ${reason}`, { cause: error });
    }
  }

  retries(): readonly StoredRetry[] {
    return this.#retries.load();
  }

  points(): readonly StoredPoint[] {
    return this.#points.load();
  }

  moves(): readonly StoredMove[] {
    return this.#moving.load();
  }

  deadLetters(which: { readonly task?: string | undefined; readonly limit: number }): readonly LetterSummary[] {
    return this.#letters.list(which);
  }

  deadLetter(id: LetterId): DeadLetter | undefined {
    return this.#letters.get(id);
  }

  quarantines(): readonly StoredQuarantine[] {
    return this.#quarantines.load();
  }

  backup(file: string): Promise<void> {
    return this.#log.backup(file);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#log.close();
    try {
      // Statements that were not finalized keep SQLite from doing it by itself.
      this.#connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    } catch {
      // On a full disk the log stays, and the next start reads it.
    }
    this.#connection.close();
    this.#unlock();
  }

  /** A change of which nothing was applied is not the end of its run. */
  #apply(change: StateChange, ended: RunRecord[]): ChangeResult {
    const result = this.#applyEffects(change);
    if (result.kind !== 'committed') return result;
    const { ends, retries, point, dropsPoint = retries?.place, letter, revives, record } = change;
    const { move, dropsMove = ends ?? retries?.place } = change;
    if (ends !== undefined) {
      this.#inbox.end(ends);
      this.#retries.remove(ends);
      this.#points.remove(ends);
    }
    if (dropsPoint !== undefined) this.#points.remove(dropsPoint);
    // One that was on its way to the disk when its run ended would stay for ever.
    if (point !== undefined && !this.#inbox.isOver(point.place)) this.#points.put(point);
    if (dropsMove !== undefined) this.#moving.remove(dropsMove);
    if (move !== undefined && !this.#inbox.isOver(move.place)) this.#moving.put(move);
    if (retries !== undefined) this.#retries.put(retries);
    if (record !== undefined) ended.push(record);
    if (letter !== undefined) this.#letters.put(letter);
    if (revives !== undefined) this.#letters.discard(revives);
    this.#outbox.put(change.messages ?? []);
    return result;
  }

  /** Everything that could refuse a change is looked at before anything of it is written. */
  #applyEffects({ reads, listed = [], writes, messages = [] }: StateChange): ChangeResult {
    for (const { bucket, key, version } of reads) {
      if ((this.#entry(bucket, key)?.version ?? 0) !== version) return { kind: 'conflict', bucket, key };
    }
    for (const { bucket, version } of listed) {
      if (this.#keySets.version(bucket) !== version) return { kind: 'conflict', bucket };
    }
    const outboxFault = this.#outbox.fault(messages);
    if (outboxFault !== undefined) return { kind: 'refused', message: outboxFault };
    if (writes.length === 0) return COMMITTED;
    const last = lastOfEachKey(writes);
    const changed = new Set<string>();
    const usage = this.#usageAfter(last, changed);
    if (typeof usage === 'string') return { kind: 'refused', message: usage };
    for (const [bucket, after] of usage) this.#usage.set(bucket, after);
    this.#revision++;
    for (const bucket of changed) this.#keySets.changed(bucket, this.#revision);
    for (const { bucket, key, value } of last) {
      if (value === undefined) this.#remove.run(bucket, Buffer.from(key));
      else this.#upsert.run(bucket, Buffer.from(key), value, this.#revision);
    }
    return COMMITTED;
  }

  /** How full the buckets would be, or why they must not be. Adds to `changed` those to which a key comes or which one leaves. */
  #usageAfter(writes: readonly Write[], changed: Set<string>): ReadonlyMap<string, BucketUsage> | string {
    const usage = new Map<string, BucketUsage>();
    for (const { bucket, key, value } of writes) {
      if (value !== undefined && value.length > STORE_BOUNDS.valueBytes) {
        return `a value must have at most ${STORE_BOUNDS.valueBytes} bytes: that of "${key}" has ${value.length}`;
      }
      const before = this.#entry(bucket, key)?.bytes;
      const after = value === undefined ? undefined : Buffer.byteLength(key) + value.length;
      if ((before === undefined) !== (after === undefined)) changed.add(bucket);
      usage.set(bucket, changedUsage(usage.get(bucket) ?? this.usageOf(bucket), { before, after }));
    }
    for (const [bucket, after] of usage) {
      const fault = usageFault(bucket, this.usageOf(bucket), after);
      if (fault !== undefined) return fault;
    }
    return usage;
  }

  #entry(bucket: string, key: string): Entry | undefined {
    const row = this.#select.get(bucket, Buffer.from(key));
    return row === undefined ? undefined : { version: Number(row['version']), bytes: Number(row['bytes']) };
  }

  /** Counted once per bucket and then kept up to date, as a count reads the whole bucket. */
  usageOf(bucket: string): BucketUsage {
    const known = this.#usage.get(bucket);
    if (known !== undefined) return known;
    const row = this.#countUsage.get(bucket);
    const usage = { keys: Number(row?.['keys'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
    this.#usage.set(bucket, usage);
    return usage;
  }

  #rollBack(revision: number, usage: ReadonlyMap<string, BucketUsage>): void {
    this.#revision = revision;
    this.#inbox.rolledBack();
    this.#outbox.rolledBack();
    this.#retries.rolledBack();
    this.#points.rolledBack();
    this.#moving.rolledBack();
    this.#letters.rolledBack();
    this.#records.rolledBack();
    this.#usage.clear();
    for (const [bucket, before] of usage) this.#usage.set(bucket, before);
    try {
      this.#connection.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
    this.#devices.rolledBack();
  }
}

function isEmpty({ reads, listed = [], writes, messages = [], ...rest }: StateChange): boolean {
  const { ends, retries, point, dropsPoint, move, dropsMove, letter, record } = rest;
  if (point !== undefined || dropsPoint !== undefined || move !== undefined || dropsMove !== undefined) return false;
  if (ends !== undefined || retries !== undefined || letter !== undefined || record !== undefined) return false;
  return reads.length + listed.length + writes.length + messages.length === 0;
}

/** @throws Error when pages of the database are damaged. Takes a pass over the file. */
function requireIntact(connection: Connection, file: string): void {
  const found = connection.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (found === 'ok') return;
  throw new Error(
    `it is damaged (${String(found).replaceAll('\n', ' ')}): put a backup in its place, or move ${file} away to begin with nothing`,
  );
}

function lastOfEachKey(writes: readonly Write[]): readonly Write[] {
  if (writes.length === 1) return writes;
  const last = new Map<string, Write>();
  for (const write of writes) last.set(`${write.bucket}\0${write.key}`, write);
  return [...last.values()];
}
