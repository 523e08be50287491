import type { Decision } from './decide.js';
import { PLACEMENT_BOUNDS } from './limits.js';

/** Where the last runs were placed, and why. */
export class Decisions {
  readonly #byRun = new Map<string, Decision[]>();

  note(runId: string, decision: Decision): void {
    const made = this.#byRun.get(runId);
    if (made !== undefined) {
      made.push(decision);
      // A run that waits for a provider for hours is placed now and then.
      if (made.length > 16) made.splice(1, 1);
      return;
    }
    this.#byRun.set(runId, [decision]);
    if (this.#byRun.size <= PLACEMENT_BOUNDS.decisions) return;
    const [oldest] = this.#byRun.keys();
    if (oldest !== undefined) this.#byRun.delete(oldest);
  }

  /** The first one first; none for a run that is not known any more. */
  of(runId: string): readonly Decision[] {
    return this.#byRun.get(runId) ?? [];
  }
}
