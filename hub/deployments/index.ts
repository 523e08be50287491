/** The door of deployments: tasks that come, change and go while the hub runs. */
export { Deployments, type DeployResult, type NewTask, type RemoveResult } from './deployments.js';
export { earlierVersions } from './earlier-versions.js';
export { emptyBucket } from './empty-bucket.js';
export { KeptTasks } from './kept-tasks.js';
export { TaskChanges, type TaskListener } from './task-changes.js';
export { Topics } from './topics.js';
export { type DeployParts, deployTasks } from './deploy.js';
export { KeptComponents } from './kept-components.js';
