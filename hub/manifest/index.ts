/** The door of the manifest: task.toml -> Manifest. */
export { cronMoments, type Moments } from './cron-line.js';
export { valueAt, type JsonPointer } from './json-pointer.js';
export { keyOf } from './ordering-key.js';
export type { Debounce, Manifest, QuarantinePolicy, RetryPolicy, Shaping, Throttle, Trigger } from './manifest.js';
export { parseManifest } from './parse.js';
export { formatProblem } from './problem.js';
export { isTaskName, manifestJsonSchema } from './schema.js';
export type { CatchUp, TimerRule, When } from './timer-rule.js';
export { parseToml } from './toml.js';
export { parseDurationMs } from './units.js';
export { capturesOf } from './topic-pattern.js';
