/** The door of the schedules: what wakes tasks by the clock. */
export { Schedules, type TimerStatus } from './schedules.js';
