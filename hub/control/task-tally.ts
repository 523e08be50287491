import type { Fuel, Outcome } from '../../runtime/index.js';
import type { DropReason, Observation, RefusalReason } from '../observations.js';

/** What became of a task's runs since the hub was started. */
export interface TaskTotals {
  readonly outcomes: Readonly<Partial<Record<Outcome['kind'], number>>>;
  /** That they took. */
  readonly fuel: Fuel;
  /** Events that came to no run of it, by the reason. */
  readonly dropped: Readonly<Partial<Record<DropReason | RefusalReason, number>>>;
}

interface Totals {
  outcomes: Partial<Record<Outcome['kind'], number>>;
  fuel: Fuel;
  dropped: Partial<Record<DropReason | RefusalReason, number>>;
}

/** Counts, by task, runs and what came to none. */
export class TaskTally {
  readonly #totals = new Map<string, Totals>();

  /** Called for everything that happens. */
  note(observation: Observation): void {
    switch (observation.kind) {
      case 'run-finished': {
        const { task, outcome, usage } = observation;
        const totals = this.#totalsOf(task);
        totals.outcomes[outcome.kind] = (totals.outcomes[outcome.kind] ?? 0) + 1;
        totals.fuel += usage.fuel;
        return;
      }
      case 'event-refused':
      case 'event-dropped': {
        const { task, reason } = observation;
        if (task === undefined) return;
        const { dropped } = this.#totalsOf(task);
        dropped[reason] = (dropped[reason] ?? 0) + 1;
        return;
      }
      default:
    }
  }

  of(task: string): TaskTotals {
    return this.#totals.get(task) ?? { outcomes: {}, fuel: 0, dropped: {} };
  }

  #totalsOf(task: string): Totals {
    let totals = this.#totals.get(task);
    if (totals === undefined) this.#totals.set(task, (totals = { outcomes: {}, fuel: 0, dropped: {} }));
    return totals;
  }
}
