import { RunsWithRows } from './runs-with-rows.js';
import type { Connection, Row, Statement, Value } from './sqlite.js';
import type { RunPlace } from './store.js';

/** What the rows of a table have besides the place of their run. */
export interface RunTableShape<Kept extends { readonly place: RunPlace }> {
  readonly name: string;
  /** What is joined to it when it is read. */
  readonly joined?: string;
  readonly columns: readonly string[];
  /** In the order of the columns. */
  readonly values: (kept: Kept) => readonly Value[];
  readonly of: (row: Row, place: RunPlace) => Kept;
}

/** A side table of the inbox: something that is kept of some of its runs. All within the caller's transaction. */
export class RunTable<Kept extends { readonly place: RunPlace }> {
  readonly #connection: Connection;
  readonly #shape: RunTableShape<Kept>;
  readonly #upsert: Statement;
  readonly #remove: Statement;
  readonly #rows: RunsWithRows;

  constructor(connection: Connection, shape: RunTableShape<Kept>) {
    this.#connection = connection;
    this.#shape = shape;
    const { name, columns } = shape;
    const all = ['inbox_id', 'run', ...columns];
    const values = all.map(() => '?').join(', ');
    this.#upsert = connection.prepare(`INSERT OR REPLACE INTO ${name} (${all.join(', ')}) VALUES (${values})`);
    this.#remove = connection.prepare(`DELETE FROM ${name} WHERE inbox_id = ? AND run = ?`);
    this.#rows = new RunsWithRows(this.load().map(({ place }) => place));
  }

  load(): readonly Kept[] {
    const { name, joined = '', of } = this.#shape;
    const rows = this.#connection.prepare(`SELECT * FROM ${name} ${joined}`).all();
    return rows.map((row) => of(row, { group: Number(row['inbox_id']), run: Number(row['run']) }));
  }

  put(kept: Kept): void {
    const { place } = kept;
    this.#upsert.run(place.group, place.run, ...this.#shape.values(kept));
    this.#rows.put(place);
  }

  /** A run is over, or nothing is to be kept of it any more. @returns whether it had a row. */
  remove(place: RunPlace): boolean {
    const wasThere = this.#rows.remove(place);
    if (wasThere) this.#remove.run(place.group, place.run);
    return wasThere;
  }

  committed(): void {
    this.#rows.committed();
  }

  rolledBack(): void {
    this.#rows.rolledBack();
  }
}
