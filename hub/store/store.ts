import type { Read } from '../../runtime/index.js';

/** A change to one key of a bucket: the new value, or undefined for "no longer there". */
export interface Write {
  readonly bucket: string;
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** What a finished run read and wants written. */
export interface StateChange {
  readonly reads: readonly Read[];
  /** In the order in which the run asked for them; the last one of a key counts. */
  readonly writes: readonly Write[];
}

export type ChangeResult =
  | { readonly kind: 'committed' }
  /** A key it read was written since: nothing of it was applied. */
  | { readonly kind: 'conflict'; readonly bucket: string; readonly key: string }
  /** It would break a bound: nothing of it was applied. */
  | { readonly kind: 'refused'; readonly message: string };

/** Where state is kept between runs. */
export interface Store {
  /**
   * Applies what several runs want, one after the other, in one transaction.
   * Answers with a result for each, when what was committed can be read.
   * @throws StoreError when nothing at all could be written.
   */
  commit(changes: readonly StateChange[]): readonly ChangeResult[];
  /** Idempotent. */
  close(): void;
}

export type StoreErrorCode =
  /** The database could not be opened. */
  | 'open-failed'
  /** A transaction could not be written, for instance as the disk is full. Nothing of it was. */
  | 'write-failed'
  | 'closed';

/** The one error class of the store. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
