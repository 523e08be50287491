/** The door of the quarantine: tasks that keep failing are held, and tried again. */
export { Quarantine, type QuarantineStatus } from './quarantine.js';
