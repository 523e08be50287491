/** Finds records of runs, on a connection of its own: it may take long, and nobody's events wait for it. */
import type { Outcome } from '../../runtime/index.js';
import { unpackRecords } from './record-packing.js';
import type { StoredRecord, TaskVersion } from './run-record.js';
import { summaryOf, type LogBounds, type RunSummary } from './run-summary.js';
import { blobOf, Connection, type Row, type Statement } from './sqlite.js';

/** Which runs are listed; undefined is any. */
interface RunFilter {
  readonly task: string | undefined;
  readonly outcome: Outcome['kind'] | undefined;
  /** Committed at or after this, in milliseconds since 1970 (UTC). */
  readonly sinceMs: number | undefined;
}

export interface RunQuery extends RunFilter {
  readonly limit: number;
  readonly log: LogBounds;
}

export class RecordReader {
  readonly #connection: Connection;
  readonly #from: Statement;
  readonly #before: Statement;
  readonly #version: Statement;
  readonly #tasks = new Map<number, TaskVersion>();

  /** @param file The store's; it exists. */
  constructor(file: string) {
    this.#connection = new Connection(file, { readOnly: true });
    this.#connection.exec('PRAGMA busy_timeout = 2000');
    this.#from = this.#connection.prepare(
      'SELECT ends, at_ms, runs FROM run_records WHERE ends >= ? ORDER BY ends LIMIT 1',
    );
    this.#before = this.#connection.prepare(
      'SELECT ends, at_ms, runs FROM run_records WHERE ends < ? ORDER BY ends DESC LIMIT 1',
    );
    this.#version = this.#connection.prepare('SELECT contents FROM task_versions WHERE id = ?');
  }

  /** @param bornMs when its event was taken, which is where the search begins. */
  find(runId: string, bornMs: number): StoredRecord | undefined {
    const start = this.#firstSince(bornMs);
    for (let row = this.#from.get(start); row !== undefined; row = this.#from.get(endsOf(row) + 1)) {
      const found = this.#recordsOf(row).find((record) => record.runId === runId);
      if (found !== undefined) return found;
    }
    // When the clock was set back in between, it may lie before.
    for (let row = this.#before.get(start); row !== undefined; row = this.#before.get(endsOf(row))) {
      const found = this.#recordsOf(row).find((record) => record.runId === runId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The latest first. */
  list({ task, outcome, sinceMs, limit, log }: RunQuery): readonly RunSummary[] {
    const found: RunSummary[] = [];
    const all = Number.MAX_SAFE_INTEGER;
    for (let row = this.#before.get(all); row !== undefined; row = this.#before.get(endsOf(row))) {
      if (found.length >= limit || (sinceMs !== undefined && atOf(row) < sinceMs)) break;
      for (const record of this.#recordsOf(row).toReversed()) {
        const wanted =
          (task === undefined || record.task.name === task) &&
          (outcome === undefined || record.outcome.kind === outcome);
        if (wanted && found.length < limit) found.push(summaryOf(record, log));
      }
    }
    return found;
  }

  close(): void {
    this.#connection.close();
  }

  /** Where the first row ends that was written then or later: `at_ms` never falls, so halving the tape finds it. */
  #firstSince(atMs: number): number {
    let low = endsOf(this.#from.get(0));
    let high = endsOf(this.#before.get(Number.MAX_SAFE_INTEGER)) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.#from.get(middle);
      if (row === undefined || atOf(row) >= atMs) high = middle;
      else low = endsOf(row) + 1;
    }
    return low;
  }

  #recordsOf(row: Row): StoredRecord[] {
    const committedAtMs = atOf(row);
    return unpackRecords(blobOf(row['runs']), (id) => this.#taskOf(id)).map((record) => ({ ...record, committedAtMs }));
  }

  #taskOf(id: number): TaskVersion {
    const known = this.#tasks.get(id);
    if (known !== undefined) return known;
    const contents = this.#version.get(id)?.['contents'];
    const task: unknown = typeof contents === 'string' ? JSON.parse(contents) : undefined;
    if (!isTaskVersion(task)) throw new Error(`Cannot read a record as the version ${id} of its task is not kept`);
    this.#tasks.set(id, task);
    return task;
  }
}

function endsOf(row: Row | undefined): number {
  return Number(row?.['ends'] ?? 0);
}

function atOf(row: Row): number {
  return Number(row['at_ms']);
}

/** Written by `RunRecordTable`, in a database whose pages are checked when it is opened. */
function isTaskVersion(value: unknown): value is TaskVersion {
  return typeof value === 'object' && value !== null && 'component' in value && 'limits' in value && 'grants' in value;
}
