/** The door of the runtime: what a hub or a provider needs, and nothing else. */
export { RuntimeError, type RuntimeErrorCode } from './errors.js';
export { DEFAULT_LIMITS, MAX_LIMITS, RUNTIME_BOUNDS } from './limits.js';
export type { ExecutingRun, Occupancy, WaitingRun } from './occupancy.js';
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
export {
  applyDelta,
  authorityOf,
  beginningOf,
  checkpointDigest,
  CheckpointFault,
  CheckpointTooLarge,
  decodeCheckpoint,
  deltaOf,
  describeCheckpoint,
  glanceAt,
  encodeCheckpoint,
  mostCheckpointBytes,
  openCheckpoint,
  packCheckpoint,
  packCheckpointAside,
  unpackCheckpoint,
  unpackCheckpointAside,
  wholeCheckpoint,
  type Checkpoint,
  type CheckpointDescription,
  type Glance,
} from './checkpoint/index.js';
export { explainResumable, type ExplainOptions, type Resumability } from './explain-resumable.js';
export type { PointOptions, RunEnd, RunHandle, Since } from './points.js';
export { DEFAULT_POINTS, POINTS, type Points } from './provision/suspend/points.js';
export { filterCovers, filterFault, filterMatches, topicFault } from './topic.js';
export {
  createRuntime,
  type InstalledTask,
  type InstallOptions,
  type Runtime,
  type RuntimeOptions,
} from './runtime.js';
export { INSTRUMENTATION_VERSION } from './provision/meter/costs.js';
export { componentFromCore, functionsImportedBy, worldOf } from './component.js';
