/** The door of the store: what is kept between runs and over restarts. `reader.ts` is loaded by the runtime's threads. */
export { openStore } from './sqlite-store.js';
export {
  type ChangeResult,
  type DeadMessage,
  type Delivery,
  type Origin,
  type OutboxGroup,
  type RunPlace,
  type ScheduleChange,
  type StateChange,
  type Store,
  type StoredEvent,
  type StoredMessage,
  type StoredSchedule,
  type StoredShaping,
  type UnfinishedGroup,
  type Write,
} from './store.js';
