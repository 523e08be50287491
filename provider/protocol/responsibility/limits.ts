/** Bounds of the responsibility protocol. */
export const RESPONSIBILITY_BOUNDS = {
  /** Points that an asynchronous side is ahead of what is held: each costs re-execution when the link is lost. */
  pointsAhead: 4,
} as const;
