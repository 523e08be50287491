import type { Connection, Statement } from './sqlite.js';

/** Topic filters that the session with the broker may have. */
export class FilterTable {
  readonly #all: Statement;
  readonly #add: Statement;
  readonly #remove: Statement;

  constructor(connection: Connection) {
    this.#all = connection.prepare('SELECT filter FROM session_filters ORDER BY filter');
    this.#add = connection.prepare('INSERT OR IGNORE INTO session_filters VALUES (?)');
    this.#remove = connection.prepare('DELETE FROM session_filters WHERE filter = ?');
  }

  all(): readonly string[] {
    return this.#all.all().map((row) => String(row['filter']));
  }

  /** Each filter in a transaction of its own, unless the caller has one. */
  change({ add = [], remove = [] }: { readonly add?: readonly string[]; readonly remove?: readonly string[] }): void {
    for (const filter of add) this.#add.run(filter);
    for (const filter of remove) this.#remove.run(filter);
  }
}
