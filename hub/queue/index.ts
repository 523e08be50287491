/** The door of the queue: what is taken in, and in which order it may go on. */
export { admit, hasRoom, type Load } from './admission.js';
export { Fifo } from './fifo.js';
export { KeyOrder } from './key-order.js';
export { Line, type Place } from './line.js';
export { ReleaseOrder } from './release-order.js';
