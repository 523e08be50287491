/** The door of the runtime: what a hub or a provider needs, and nothing else. */
export { RuntimeError, type RuntimeErrorCode } from './errors.js';
export { DEFAULT_LIMITS, MAX_LIMITS, RUNTIME_BOUNDS } from './limits.js';
export type { RuntimeObservation, RuntimeObserver } from './observation.js';
export type { StateModule, StateReader, StateSnapshot, Stored } from './state.js';
export type {
  BucketGrant,
  Bytes,
  Effect,
  Fuel,
  Grants,
  KeyPage,
  Limits,
  Listed,
  LogLevel,
  LogLine,
  Outcome,
  QoS,
  Read,
  RunRequest,
  RunResult,
  TaskEvent,
  TrapReason,
  Usage,
} from './task.js';
export { filterCovers, filterFault, filterMatches, topicFault } from './topic.js';
export { createRuntime, type InstalledTask, type Runtime, type RuntimeOptions } from './runtime.js';
export { INSTRUMENTATION_VERSION } from './provision/meter/costs.js';
export { componentFromCore, functionsImportedBy, worldOf } from './component.js';
