/** The door of composition: how the parts of a hub are made, room by room, and what each gets of the others. */
export { makeChanges, makeDeployments } from './deploying.js';
export { makeExecution } from './execution.js';
export { makeFailures } from './failures.js';
export { deployFirst } from './first-tasks.js';
export { openFoundation, type FoundationOptions } from './foundation.js';
export { makeIntake } from './intake.js';
export { LateParts } from './late-parts.js';
export { makeLongRuns, type OpenCheckpoints } from './long-runs.js';
export { makeLooking, type Looking } from './looking.js';
export { makeQueues } from './queues.js';
export { Releases } from './releases.js';
export type { Rooms, Surroundings } from './rooms.js';
export { makeWriting } from './writing.js';
