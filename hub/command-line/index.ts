/** The door of what `sterna` is told: commands in groups, each with its options. */
export { addCheckpoints } from './checkpoints.js';
export { helpOnErrors, program } from './command-line.js';
export { addDeadLetters } from './dead-letters.js';
export { addPlacement } from './placement.js';
export { addPrograms } from './programs.js';
export { addProvider } from './provider.js';
export { addRuns } from './runs.js';
export { addTasks } from './tasks.js';
