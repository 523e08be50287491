/** The door of the driver of a run that moves: the same on both sides, without I/O of its own. */
export { CHECKPOINTS } from './content.js';
export { MigratingRun, type MigratingRunParts } from './migrating-run.js';
export type { MigrationStatus } from './status.js';
export type {
  Channel,
  Checkpoints,
  Host,
  Lacks,
  MigrationMessage,
  PointContent,
  StubKeeper,
  StubRecord,
  Terms,
} from './ports.js';
