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
  readonly #finished: RecentRun[] = [];
  #next = 0;

  constructor(most: number = API_BOUNDS.recentRuns) {
    this.#most = most;
  }

  /** Called for everything that happens. Nothing is held of what a run was given, or has done. */
  note(observation: Observation): void {
    if (observation.kind !== 'run-finished') return;
    this.#finished[this.#next] = recentRun(observation);
    this.#next = (this.#next + 1) % this.#most;
  }

  /** The latest first. @param task only this one's, unless undefined. */
  list(task: string | undefined, most: number): readonly RecentRun[] {
    const runs: RecentRun[] = [];
    for (let i = 1; i <= this.#finished.length && runs.length < most; i++) {
      const finished = this.#finished[(this.#next - i + this.#most) % this.#most];
      if (finished !== undefined && (task === undefined || finished.task === task)) runs.push(finished);
    }
    return runs;
  }
}

export function recentRun({ event, effects, log, droppedLogLines, ...run }: Finished): RecentRun {
  const shown = log.slice(0, API_BOUNDS.recentLogLines).map((line) => ({
    ...line,
    context: cut(line.context),
    message: cut(line.message),
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

/** A copy where it is cut: a piece of a text holds all of it. */
function cut(text: string): string {
  if (text.length <= API_BOUNDS.recentLogLength) return text;
  return Buffer.from(text.slice(0, API_BOUNDS.recentLogLength), 'utf16le').toString('utf16le');
}
