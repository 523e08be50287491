export { ApiClient, ApiError } from './client.js';
export type { ListedLetter } from './dead-letters.js';
export { Followers } from './followers.js';
export { RecentRuns, type RecentRun } from './recent-runs.js';
export { startApi, type Api } from './server.js';
export { isRun, lettersOf, runsOf, tasksOf } from './shapes.js';
