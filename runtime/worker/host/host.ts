import type { RunContext } from '../run-context.js';

/** Where the imports find the run that is executing. */
export interface Host {
  readonly run: RunContext;
}
