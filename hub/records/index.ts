/** The door of records: as JSON, and executed again. */
export { recordOfJson } from './record-json.js';
export { replay, type Replayed } from './replay.js';
