/** The door of intake: events on their way to a task's lane. */
export { Deliveries } from './deliveries.js';
export { Dispatch } from './dispatch.js';
export { Intake } from './intake.js';
export { Lanes } from './lanes.js';
export { ShapingMemory } from './shaping-memory.js';
export { type QueueOfTask, isWaiting, waitingEvents } from './waiting-events.js';
