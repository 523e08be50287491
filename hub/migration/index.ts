/** The door of the runs that move between this hub and its providers. */
export type { Links, Moves, Used } from './links.js';
export { Migrations } from './migrations.js';
export type { MigrationView } from './known-runs.js';
export type { Note } from './notes.js';
export { Selector } from './selector.js';
