import { MOVES } from './run-table-shapes.js';
import { RunTable } from './run-table.js';
import type { Connection, Statement } from './sqlite.js';
import type { RunPlace, StoredMove } from './store.js';

/** Runs that move, with the version of its task that each is of: that is kept once for all of them. */
export class MovingTable extends RunTable<StoredMove> {
  readonly #keepVersion: Statement;
  readonly #forgetVersions: Statement;

  constructor(connection: Connection) {
    super(connection, MOVES);
    this.#keepVersion = connection.prepare('INSERT OR IGNORE INTO moving_versions VALUES (?, ?, ?)');
    this.#forgetVersions = connection.prepare(
      'DELETE FROM moving_versions WHERE fits NOT IN (SELECT fits FROM moving_runs)',
    );
  }

  override put(move: StoredMove): void {
    const { fits, version } = move;
    if (version !== undefined) this.#keepVersion.run(fits, version.digest, version.toml);
    super.put(move);
  }

  override remove(place: RunPlace): boolean {
    const wasThere = super.remove(place);
    if (wasThere) this.#forgetVersions.run();
    return wasThere;
  }
}
