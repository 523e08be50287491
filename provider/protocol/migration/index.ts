/** The door of the driver of a run that moves: the same on both sides, without I/O of its own. */
export { bytesOf } from './content.js';
export { IncomingMoves } from './incoming-moves.js';
export { MigratingRun } from './migrating-run.js';
export { OutgoingMoves } from './outgoing-moves.js';
export type { MigrationStatus } from './status.js';
export type {
  Channel,
  Checkpoints,
  Host,
  MigrationMessage,
  PointContent,
  StubKeeper,
  StubRecord,
  Terms,
} from './ports.js';
