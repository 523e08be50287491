import type { TaskSpec } from '../protocol/index.js';
import type { StubRecord } from '../protocol/migration/index.js';

/** What is kept of a run that moved here: all that it takes to go on with it in another process. */
export interface KeptStub {
  readonly record: StubRecord;
  /** The task as its hub wanted it executed when the run came. */
  readonly spec: TaskSpec;
  /** When the hub was heard last, in milliseconds since 1970 (UTC). */
  readonly heardAtMs: number;
}

/** Keeps stubs of one hub: on disk or, for as long as the process lives, in memory. */
export interface Stubs {
  /** Resolves when it is kept, in place of what was kept of the run. */
  keep(stub: KeptStub): Promise<void>;
  drop(id: string): Promise<void>;
}

/** In memory, where runs hold what they are themselves. */
export const IN_MEMORY: Stubs = {
  keep: () => Promise.resolve(),
  drop: () => Promise.resolve(),
};
