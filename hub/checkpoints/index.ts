/** The door of the checkpoints that are kept on disk. */
export { goOn, pointsOf } from './go-on.js';
export { CheckpointFiles } from './checkpoint-files.js';
