import type { Observation } from '../observations.js';

/** How a run that somebody waits for came to its end, or why there is none. */
export type Ended = Extract<Observation, { kind: 'run-finished' | 'event-dropped' }>;

/** Lets someone wait for the end of a run. */
export class Invocations {
  readonly #waiting = new Map<string, (run: Ended | undefined) => void>();

  /** Called for everything that happens. */
  note(observation: Observation): void {
    if (this.#waiting.size === 0) return;
    if (observation.kind === 'run-finished') this.#waiting.get(observation.runId)?.(observation);
    if (observation.kind === 'event-dropped') {
      this.#waiting.get(`${observation.eventId}/${observation.task}`)?.(observation);
    }
  }

  /** @returns undefined when it takes longer than that. */
  wait(runId: string, atMostMs: number): Promise<Ended | undefined> {
    return new Promise((resolve) => {
      const done = (run: Ended | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(runId);
        resolve(run);
      };
      const timer = setTimeout(done, atMostMs, undefined).unref();
      this.#waiting.set(runId, done);
    });
  }
}
