/** The door of the store: what is kept between runs and over restarts. `reader.ts` is loaded by the runtime's threads. */
export { openStore } from './sqlite-store.js';
export { holderOf } from './directory-lock.js';
export { openState } from './reader.js';
export { StateView } from './state-view.js';
export { Backups } from './backups.js';
export type { BucketView, KeyView } from './state-view-messages.js';
export { RecordArchive } from './record-archive.js';
export type { BucketUsage } from './bucket-usage.js';
export type { RunSummary } from './run-summary.js';
export type { RunQuery } from './record-reader.js';
export { type RecordBounds, type RunRecord, type StoredRecord, type TaskVersion } from './run-record.js';
export {
  StoreError,
  type Also,
  type BegunVersion,
  type Committed,
  type ChangeResult,
  type DeadLetter,
  type DeadMessage,
  type Delivery,
  type LetterId,
  type LetterSummary,
  type Origin,
  type OutboxGroup,
  type RunLetter,
  type RunPlace,
  type ScheduleChange,
  type Seen,
  type StateChange,
  type Store,
  type StoredEvent,
  type StoredMessage,
  type StoredMove,
  type StoredPoint,
  type StoredSchedule,
  type StoredShaping,
  type StoredQuarantine,
  type StoredRetry,
  type StoredRun,
  type UnfinishedGroup,
  type Write,
} from './store.js';
export { writeFault } from './write-fault.js';
