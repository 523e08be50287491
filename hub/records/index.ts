/** The door of records: what is kept of each run, found again, as JSON, and executed again. */
export { recordOfJson } from './record-json.js';
export { replay, type Replayed } from './replay.js';
export { affordableRecords } from './record-room.js';
export { bytesOf, recordOf } from './recorder.js';
export { RunHistory } from './run-history.js';
