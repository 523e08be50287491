/** The door of runs that move here. */
export type { HubMigrations } from './hub-migrations.js';
export { Migrations } from './migrations.js';
export type { MigrationTimer } from './moved-run.js';
export { SessionMoves } from './session-moves.js';
