/** What is looked at when a provider is chosen for a run. */
export interface Candidate {
  /** It did not answer a run of the task of late, and there may be no other. */
  readonly wasLate: boolean;
  readonly hasRoom: boolean;
  /** Whether it is of the class of device that the task prefers; true for a task that prefers none. */
  readonly isPreferred: boolean;
  /** Until a run would begin there and its outcome be home, besides the work itself. */
  readonly ms: number;
}

/** Whether one provider is better than another: it was not late; it has room; it is of the preferred class; it is sooner. Pure. */
export function isBetter(one: Candidate, other: Candidate): boolean {
  if (one.wasLate !== other.wasLate) return other.wasLate;
  if (one.hasRoom !== other.hasRoom) return one.hasRoom;
  if (one.isPreferred !== other.isPreferred) return one.isPreferred;
  return one.ms < other.ms;
}
