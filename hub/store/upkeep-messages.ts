/** What the store and its upkeep thread say to each other. */
export type UpkeepRequest =
  /** Copies the write-ahead log into the database, as far as nobody is in the way. */
  | { readonly kind: 'checkpoint'; readonly id: number }
  | { readonly kind: 'backup'; readonly id: number; readonly file: string }
  /** Ends the thread. A connection that is not closed would keep its locks as long as the process. */
  | { readonly kind: 'close' };

export interface UpkeepAnswer {
  readonly id: number;
  /** Why it could not be done; absent when it was. */
  readonly fault?: string;
}
