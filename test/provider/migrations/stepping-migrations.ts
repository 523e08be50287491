/** A provider's part in runs that move, whose runs take steps in this thread. */
import { FairQueue } from '../../../provider/fair-queue.js';
import { Migrations } from '../../../provider/migrations/index.js';
import type { MigrationsParts } from '../../../provider/migrations/migrations.js';
import type { Runtime } from '../../../runtime/index.js';
import { INSTALLED, steppingRuntime } from '../../hub/migration/stepping-runtime.js';

export interface SteppingMigrations {
  readonly migrations: Migrations;
  readonly runtime: Runtime;
}

export async function steppingMigrations(
  parts: Pick<MigrationsParts, 'dir' | 'leaseMs' | 'refused' | 'policy' | 'timer' | 'clock'>,
): Promise<SteppingMigrations> {
  const runtime = steppingRuntime();
  const migrations = await Migrations.open({
    ...parts,
    runtime,
    isKnown: () => true,
    installations: {
      install: () => Promise.resolve({ installed: INSTALLED, release: () => undefined }),
      hold: () => () => undefined,
    } as never,
    queue: new FairQueue({ slots: () => 4, threads: 4 }),
  });
  return { migrations, runtime };
}
