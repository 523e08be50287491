/** What the building program and its threads say to each other. */
import type { BuildResult } from './build-task.js';

/** To a thread: a folder to build. */
export interface BuildOrder {
  readonly type: 'build';
  readonly dir: string;
}

/** From a thread, one for each order. */
export type BuildReply =
  | { readonly type: 'built'; readonly result: BuildResult }
  /** The file system's, or ours: a task's own faults are results. */
  | { readonly type: 'fault'; readonly message: string };
