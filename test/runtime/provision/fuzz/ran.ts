/** What can be seen of a run from outside. */
export interface Ran {
  /** One text for each thing that the host did: instantiating, the start function, each call. */
  readonly outcomes: readonly string[];
  /** Fuel used when each of those was over. */
  readonly fuel: readonly number[];
  readonly trace: readonly string[];
  /** Memory, globals and tables at the end. */
  readonly state: readonly string[];
  readonly ending: Ending;
}

/** How the last of the outcomes came about. Nothing is called after a trap: the instance would be thrown away. */
export type Ending = 'completed' | 'trapped' | 'threw' | 'unfinished' | 'out-of-fuel';
