/** Runs that stand still, as values and as bytes. */
export { beginningOf } from './beginning.js';
export type { Checkpoint } from './checkpoint.js';
export {
  authorityOf,
  checkpointDigest,
  decodeCheckpoint,
  encodeCheckpoint,
  openCheckpoint,
  packCheckpoint,
  packCheckpointAside,
  unpackCheckpoint,
  unpackCheckpointAside,
  vouchFor,
} from './codec.js';
export { applyDelta, deltaOf, wholeCheckpoint } from './delta.js';
export { describeCheckpoint, type CheckpointDescription } from './describe.js';
export { glanceAt, type Glance } from './glance.js';
export { refuseForeign, type Home } from './foreign.js';
export { CheckpointFault, CheckpointTooLarge } from './format.js';
export { mostCheckpointBytes } from './most-bytes.js';
