/**
 * Where in its code a run can be suspended. More places make code slower:
 * Asyncify rewrites every function from which one can be reached.
 *
 *   calls  on entry of functions that call, and where memory grows
 *   loops  also in loops, but not in the innermost ones that call nothing
 *   all    wherever a slice can end
 */
export const POINTS = ['calls', 'loops', 'all'] as const;

export type Points = (typeof POINTS)[number];

export const DEFAULT_POINTS: Points = 'loops';

/** Names the suspending rewrite. Raise it with any change of what a module looks like after it: part of every checkpoint. */
export const SUSPEND_VERSION = '2';
