/**
 * How a worker thread reads state. The caller of `createRuntime` names a
 * module that implements it; the module is loaded in each thread.
 */

/** A stored value and the version it was written at: a whole number above 0 that grows with each write of the key. */
export interface Stored {
  readonly value: Uint8Array;
  readonly version: number;
}

/** Reads of one run, or of a stretch of one that takes long: all of them see the same moment. */
export interface StateSnapshot {
  get(bucket: string, key: string): Stored | undefined;
  /** Keys in ascending order of their UTF-8 bytes, those after `after`, at most `limit`. */
  keys(bucket: string, after: string | undefined, limit: number): readonly string[];
  /**
   * The version of the set of a bucket's keys: a whole number that grows when a key comes or goes, 0 before the first
   * one. It may also grow when the set is as before, but never stays when it is not.
   */
  keysVersion(bucket: string): number;
  /** Ends the snapshot. */
  release(): void;
}

export interface StateReader {
  /** A snapshot of the latest commit. At most one is open at a time. */
  snapshot(): StateSnapshot;
  close(): void;
}

/** What a state module exports. `options` is the value given to `createRuntime`, structurally cloned. */
export interface StateModule {
  openState(options: unknown): StateReader;
}
