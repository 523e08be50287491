/** The door of the scheduler: which run is started next. */
export type { Job, Lane, LaneGate, LaneOptions } from './lane.js';
export { Scheduler } from './scheduler.js';
