/** The door of execution: runs on their way to what they do. */
export { Drained } from './drained.js';
export { Executor } from './executor.js';
export { Outbox } from './outbox.js';
