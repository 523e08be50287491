/** The door of the store: what is kept between runs and over restarts. `reader.ts` is loaded by the runtime's threads. */
export { openStore } from './sqlite-store.js';
export { openState } from './reader.js';
export { StateView } from './state-view.js';
export type { BucketView, KeyView } from './state-view-messages.js';
export {
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
  type StoredSchedule,
  type StoredShaping,
  type StoredQuarantine,
  type StoredRetry,
  type StoredRun,
  type UnfinishedGroup,
  type Write,
} from './store.js';
