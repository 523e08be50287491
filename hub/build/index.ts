/** The door of the build: a task's folder -> a component file and a report. */
export { buildTask, type BuildResult } from './build-task.js';
export { buildTasks } from './build-tasks.js';
export { findTaskDirs } from './find-task-dirs.js';
export type { BuildReport } from './report.js';
