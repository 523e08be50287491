import type { Connection, Statement } from './sqlite.js';

/** Buckets that may hold what was learnt of topics that must not leave the hub, each with a task that may have written it. */
export class LearntTable {
  readonly #all: Statement;
  readonly #add: Statement;
  readonly #forgetEmpty: Statement;

  constructor(connection: Connection) {
    this.#all = connection.prepare('SELECT bucket, task FROM learnt_buckets ORDER BY bucket');
    this.#add = connection.prepare('INSERT OR IGNORE INTO learnt_buckets VALUES (?, ?)');
    this.#forgetEmpty = connection.prepare(
      'DELETE FROM learnt_buckets WHERE NOT EXISTS (SELECT 1 FROM state WHERE state.bucket = learnt_buckets.bucket)',
    );
  }

  all(): ReadonlyMap<string, string> {
    return new Map(this.#all.all().map(({ bucket, task }) => [String(bucket), String(task)]));
  }

  /** Each in a transaction of its own: they are there before what is written later. */
  add(buckets: ReadonlyMap<string, string>): void {
    for (const [bucket, task] of buckets) this.#add.run(bucket, task);
  }

  forgetEmpty(): void {
    this.#forgetEmpty.run();
  }
}
