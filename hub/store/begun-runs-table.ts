import { RunTable, type RunTableShape } from './run-table.js';
import type { Connection, Statement } from './sqlite.js';
import type { BegunVersion, RunPlace } from './store.js';

interface Begun {
  readonly place: RunPlace;
  readonly fits: string;
  readonly version: BegunVersion | undefined;
}

/** What is kept of runs that have begun, with the version of its task that each is of: that is kept once for all of them. */
export class BegunRunsTable<Kept extends Begun> extends RunTable<Kept> {
  readonly #keepVersion: Statement;
  readonly #forgetVersions: Statement;

  constructor(connection: Connection, shape: RunTableShape<Kept>) {
    super(connection, shape);
    this.#keepVersion = connection.prepare('INSERT OR IGNORE INTO begun_versions VALUES (?, ?, ?)');
    this.#forgetVersions = connection.prepare(
      'DELETE FROM begun_versions WHERE fits NOT IN (SELECT fits FROM moving_runs UNION SELECT fits FROM run_points)',
    );
  }

  override put(kept: Kept): void {
    const { fits, version } = kept;
    if (version !== undefined) this.#keepVersion.run(fits, version.digest, version.toml);
    super.put(kept);
  }

  override remove(place: RunPlace): boolean {
    const wasThere = super.remove(place);
    if (wasThere) this.#forgetVersions.run();
    return wasThere;
  }
}
