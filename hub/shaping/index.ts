/** The door of shaping: which of a trigger's events go on to a run, and when. */
export { Shapers } from './shapers.js';
export { keptOf, memoryOf } from './kept-memory.js';
export type { Folded, FoldReason } from './step.js';
