import type { Observation } from './events.js';

type Finished = Extract<Observation, { kind: 'run-finished' }>;

/** Lets someone wait for the end of a run. */
export class Invocations {
  readonly #waiting = new Map<string, (run: Finished | undefined) => void>();

  /** Called for everything that happens. */
  note(observation: Observation): void {
    if (this.#waiting.size === 0 || observation.kind !== 'run-finished') return;
    this.#waiting.get(observation.runId)?.(observation);
  }

  /** @returns undefined when it takes longer than that. */
  wait(runId: string, atMostMs: number): Promise<Finished | undefined> {
    return new Promise((resolve) => {
      const done = (run: Finished | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(runId);
        resolve(run);
      };
      const timer = setTimeout(done, atMostMs, undefined).unref();
      this.#waiting.set(runId, done);
    });
  }
}
