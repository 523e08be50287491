/** The door of the parking: runs that stand still, so that others have their threads. */
export { cancelledRun } from './cancelled-run.js';
export { CurrentRuns, type CurrentRun } from './current-runs.js';
export { filesOf } from './files-of.js';
export { fitsOf } from './fits.js';
export { KeptPoints } from './kept-points.js';
export type { MovingRuns, Stretch } from './moving-runs.js';
export { notResumable } from './not-resumable.js';
export { Parking, type Answer, type Execution } from './parking.js';
export { lastFuel } from './settled-fuel.js';
export { Resumabilities } from './resumabilities.js';
export { ThreadLooks } from './thread-looks.js';
export { versionOf } from './version-of.js';
