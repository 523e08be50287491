import type { Fuel, Outcome } from '../runtime/index.js';
import type { Observation } from './events.js';

/** What became of a task's runs since the hub was started. */
export interface TaskTotals {
  readonly outcomes: Readonly<Partial<Record<Outcome['kind'], number>>>;
  readonly fuel: Fuel;
}

interface Totals {
  outcomes: Partial<Record<Outcome['kind'], number>>;
  fuel: Fuel;
}

/** Counts runs by task. */
export class TaskTally {
  readonly #totals = new Map<string, Totals>();

  /** Called for everything that happens. */
  note(observation: Observation): void {
    if (observation.kind !== 'run-finished' && observation.kind !== 'run-retried') return;
    const { task, outcome, usage } = observation;
    let totals = this.#totals.get(task);
    if (totals === undefined) this.#totals.set(task, (totals = { outcomes: {}, fuel: 0 }));
    if (observation.kind === 'run-finished') totals.outcomes[outcome.kind] = (totals.outcomes[outcome.kind] ?? 0) + 1;
    totals.fuel += usage.fuel;
  }

  of(task: string): TaskTotals {
    return this.#totals.get(task) ?? { outcomes: {}, fuel: 0 };
  }
}
