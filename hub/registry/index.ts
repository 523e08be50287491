/** The door of the registry: which tasks there are, and which of them an event wakes. */
export { loadTasks, type LoadedTask } from './load-tasks.js';
export { matchOf, Registry, type DeployedTask, type Match } from './registry.js';
