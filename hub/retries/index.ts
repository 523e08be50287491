/** The door of the retries: whether, when and as what a run that failed goes again. */
export { attemptSeed } from './attempt-seed.js';
export { verdictOf, type Verdict } from './verdict.js';
export { RetryWaits } from './waits.js';
