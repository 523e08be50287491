/** Why an event was folded away by its trigger's shaping: it was taken, and no run comes of it. */
export type FoldReason =
  /** It is a retained message that the broker sent on subscribing. */
  | 'retained'
  /** An equal one came within the window. */
  | 'duplicate'
  /** The value is what it was. */
  | 'unchanged'
  /** It does not have the value that `onChange` looks at. */
  | 'no-value'
  /** A later one came before it was quiet. */
  | 'debounced'
  /** One had gone within the interval. */
  | 'throttled';

export interface Folded<T> {
  readonly item: T;
  readonly reason: FoldReason;
  /** What goes in its place, where something does. */
  readonly by?: T;
}

/** What became of a shaper's state, and of the items that it decided about. */
export interface Step<S, T> {
  /** What is to be remembered; undefined for nothing. Plain data. */
  readonly state: S | undefined;
  /** These go on, in this order. */
  readonly passed: readonly T[];
  readonly folded: readonly Folded<T>[];
}
