import type { Observation } from '../observations.js';
import type { RunSummary } from '../store/index.js';
import { API_BOUNDS } from './limits.js';

type Finished = Extract<Observation, { kind: 'run-finished' }>;

/** A run that is over, without payloads. */
export type RecentRun = Omit<RunSummary, 'version'>;

/** The runs that ended last, over all tasks. */
export class RecentRuns {
  readonly #most: number;
  /** A ring: the next one takes the place of the oldest. */
  readonly #finished: Finished[] = [];
  #next = 0;

  constructor(most: number = API_BOUNDS.recentRuns) {
    this.#most = most;
  }

  /** Called for everything that happens: it keeps a reference and no more. */
  note(observation: Observation): void {
    if (observation.kind !== 'run-finished') return;
    this.#finished[this.#next] = observation;
    this.#next = (this.#next + 1) % this.#most;
  }

  /** The latest first. @param task only this one's, unless undefined. */
  list(task: string | undefined, most: number): readonly RecentRun[] {
    const runs: RecentRun[] = [];
    for (let i = 1; i <= this.#finished.length && runs.length < most; i++) {
      const finished = this.#finished[(this.#next - i + this.#most) % this.#most];
      if (finished !== undefined && (task === undefined || finished.task === task)) runs.push(recentRun(finished));
    }
    return runs;
  }
}

export function recentRun({ event, effects, log, droppedLogLines, ...run }: Finished): RecentRun {
  const shown = log.slice(0, API_BOUNDS.recentLogLines).map((line) => ({
    ...line,
    message: line.message.slice(0, API_BOUNDS.recentLogLength),
  }));
  return {
    runId: run.runId,
    task: run.task,
    topic: event.topic,
    payloadBytes: event.payload.length,
    arrivedAtMs: event.arrivedAtMs,
    attempt: run.attempt,
    outcome: run.outcome,
    usage: run.usage,
    published: effects.filter(({ kind }) => kind === 'publish').length,
    written: effects.filter(({ kind }) => kind !== 'publish').length,
    log: shown,
    droppedLogLines: droppedLogLines + log.length - shown.length,
    totalMs: run.totalMs,
  };
}
