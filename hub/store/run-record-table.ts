import { createHash } from 'node:crypto';
import { STORE_BOUNDS } from './limits.js';
import { RecordPacker } from './record-packing.js';
import type { RecordBounds, RunRecord, TaskVersion } from './run-record.js';
import type { Connection, Statement } from './sqlite.js';

/** A stretch of the tape that all rows lie on, one after the other. */
interface Stretch {
  readonly begins: number;
  readonly ends: number;
}

/** Records of runs that are over, within the caller's transaction. `record-reader.ts` reads them. */
export class RunRecordTable {
  readonly #bounds: RecordBounds;
  readonly #insert: Statement;
  readonly #prune: Statement;
  readonly #first: Statement;
  readonly #insertVersion: Statement;
  readonly #versionId: Statement;
  readonly #packer = new RecordPacker();
  readonly #ids = new Map<TaskVersion, number>();
  /** Ids that the present transaction gave. */
  #newIds: TaskVersion[] = [];
  /** The oldest row that is kept; an empty stretch when none is. */
  #oldest: Stretch;
  /** Where the newest row ends, and when it was written. */
  #ends: number;
  #atMs: number;
  /** Bytes since rows were last pruned. */
  #added = 0;
  /** What the present transaction leads to. */
  #next: { ends: number; atMs: number; oldest: Stretch; added: number } | undefined;

  constructor(connection: Connection, bounds: RecordBounds) {
    this.#bounds = bounds;
    this.#insert = connection.prepare('INSERT INTO run_records VALUES (?, ?, ?)');
    this.#prune = connection.prepare('DELETE FROM run_records WHERE ends <= ? AND (ends <= ? OR at_ms < ?)');
    this.#first = connection.prepare(
      'SELECT ends, ends - length(runs) AS begins FROM run_records ORDER BY ends LIMIT 1',
    );
    this.#insertVersion = connection.prepare('INSERT OR IGNORE INTO task_versions (digest, contents) VALUES (?, ?)');
    this.#versionId = connection.prepare('SELECT id FROM task_versions WHERE digest = ?');
    connection
      .prepare('DELETE FROM task_versions WHERE id <= (SELECT max(id) FROM task_versions) - ?')
      .run(STORE_BOUNDS.taskVersions);
    const last = connection.prepare('SELECT ends, at_ms FROM run_records ORDER BY ends DESC LIMIT 1').get();
    this.#ends = Number(last?.['ends'] ?? 0);
    this.#atMs = Number(last?.['at_ms'] ?? 0);
    // The bounds may be narrower than they were: nothing runs yet that a long transaction could hold up.
    this.#prune.run(this.#ends, this.#ends - bounds.bytes, 0);
    this.#oldest = this.#readOldest(this.#ends);
  }

  /** Adds a row, or several. They become true with `committed`, or never were with `rolledBack`. */
  write(records: readonly RunRecord[], atMs: number): void {
    if (records.length === 0 || this.#bounds.bytes === 0) return;
    // The tape is searched by time, so that a clock that was set back must not show.
    const at = Math.max(this.#atMs, atMs);
    let ends = this.#ends;
    for (let from = 0; from < records.length;) {
      const { row, count } = this.#packer.pack(records, from, (task) => this.#idOf(task));
      ends += row.length;
      this.#insert.run(ends, at, row);
      from += count;
    }
    const added = this.#added + ends - this.#ends;
    const prunes = added >= STORE_BOUNDS.prunedBytes;
    const oldest = prunes ? this.#pruned(ends, at, added) : this.#oldest;
    this.#next = { ends, atMs: at, oldest, added: prunes ? 0 : added };
  }

  committed(): void {
    if (this.#next === undefined) return;
    ({ ends: this.#ends, atMs: this.#atMs, oldest: this.#oldest, added: this.#added } = this.#next);
    this.#next = undefined;
    this.#newIds = [];
  }

  rolledBack(): void {
    this.#next = undefined;
    for (const task of this.#newIds) this.#ids.delete(task);
    this.#newIds = [];
  }

  /**
   * Removes the oldest rows that are beyond a bound: about twice of what was added since the last time, at least one.
   * So what this takes is in proportion to what is written, and the bound is reached all the same.
   */
  #pruned(ends: number, atMs: number, added: number): Stretch {
    const upTo = Math.max(this.#oldest.begins + 2 * added, this.#oldest.ends);
    this.#prune.run(upTo, ends - this.#bounds.bytes, atMs - this.#bounds.ageMs);
    return this.#readOldest(ends);
  }

  #readOldest(ends: number): Stretch {
    const row = this.#first.get();
    return { begins: Number(row?.['begins'] ?? ends), ends: Number(row?.['ends'] ?? ends) };
  }

  #idOf(task: TaskVersion): number {
    const known = this.#ids.get(task);
    if (known !== undefined) return known;
    const contents = JSON.stringify(task);
    const digest = createHash('sha256').update(contents).digest('hex');
    this.#insertVersion.run(digest, contents);
    const id = Number(this.#versionId.get(digest)?.['id']);
    this.#ids.set(task, id);
    this.#newIds.push(task);
    return id;
  }
}
