import { NEW_RUN } from '../../provider/protocol/responsibility/index.js';
import type { Logger } from '../log.js';
import { notResumable, type Answer, type Parking } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import { requestOf } from '../run-request.js';
import type { Job, Scheduler } from '../scheduler/index.js';
import { DONE, no } from './answers.js';
import type { KnownRuns } from './known-runs.js';
import { MIGRATION_BOUNDS } from './limits.js';
import type { Links } from './links.js';
import type { FirstStub } from './make-run.js';
import { termsOf } from './terms.js';

export interface DeparturesParts {
  readonly links: Pick<Links, 'refusal' | 'prospects'>;
  readonly known: Pick<KnownRuns, 'size'>;
  /** Finds a run that has begun and does not move. */
  readonly find: (runId: string) => Job<PendingRun> | undefined;
  readonly parking: Pick<Parking, 'lend' | 'takeIn' | 'seen'>;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'pump'>;
  /** A run moves from now on. */
  readonly enter: (job: Job<PendingRun>, provider: string, stub: FirstStub) => void;
  readonly isStopped: () => boolean;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** Another text each time, also over restarts. */
  readonly newId: () => string;
  /** Whether records of runs are kept. */
  readonly records: boolean;
  readonly log: Pick<Logger, 'debug' | 'error'>;
}

/** The runs that are about to begin to move: each stands still first. */
export class Departures {
  readonly #parts: DeparturesParts;
  /** By their ids. */
  readonly #leaving = new Map<string, Job<PendingRun>>();

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
  }

  /** Those of them that have no thread. */
  get standing(): readonly Job<PendingRun>[] {
    return [...this.#leaving.values()].filter((job) => this.#parts.parking.seen(job)?.state !== 'executing');
  }

  /** Why a run that has begun, or is about to, cannot move to a provider; undefined when it can. */
  refusal(runId: string, provider: string): string | undefined {
    const { find, isStopped, known } = this.#parts;
    const found = find(runId);
    if (found === undefined) return `there is no run "${runId}" that has begun and is not over`;
    if (isStopped()) return 'the hub is stopping';
    const whyNot = this.whyNot(found, provider);
    if (whyNot !== undefined) return whyNot;
    if (known.size + this.#leaving.size >= MIGRATION_BOUNDS.runs) {
      return `at most ${MIGRATION_BOUNDS.runs} runs may move at once`;
    }
    return this.#leaving.has(runId) ? 'it is about to move already' : undefined;
  }

  /** Why a run must not execute at a provider, or cannot now, wherever it is. */
  whyNot(job: Job<PendingRun>, provider: string): string | undefined {
    const { links, records } = this.#parts;
    const { task } = job.value;
    const { name } = task.manifest;
    if (task.installed.resumable === undefined) return notResumable(name);
    if (job.probe) return 'it is the one that is tried after a quarantine';
    return links.refusal(provider, task, requestOf(job, records));
  }

  async begin(runId: string, provider: string, why: string): Promise<Answer> {
    const { find, parking, scheduler, enter, isStopped, links, clock, newId, records } = this.#parts;
    const refusal = this.refusal(runId, provider);
    const found = find(runId);
    if (refusal !== undefined || found === undefined) return no(refusal ?? '');
    this.#leaving.set(runId, found);
    try {
      const lent = await parking.lend(runId);
      if (lent === undefined) return no('it ended, or came to no point at which it can stand still');
      const { job, checkpoint } = lent;
      if (isStopped()) {
        await parking.takeIn(lent, 'stopping');
        return no('the hub is stopping');
      }
      const { task } = job.value;
      const terms = { ...termsOf(task, requestOf(job, records), links), executes: 'provider' } as const;
      const id = `${runId}#${newId()}`;
      const record = { id, task: task.manifest.name, stub: NEW_RUN, content: { anchor: checkpoint }, terms, why };
      enter(job, provider, {
        record,
        notes: [{ atMs: clock(), what: 'asked', epoch: 0, point: 0, to: 'provider', why }],
      });
      return DONE;
    } finally {
      this.#leaving.delete(runId);
      // What began to leave, and did not, was counted as away meanwhile.
      found.lane.cameBack();
      scheduler.pump();
    }
  }

  /** The same for whom nobody waits. */
  beginSoon(runId: string, provider: string, why: string): void {
    const { log } = this.#parts;
    this.begin(runId, provider, why).then(
      (answer) => (answer.ok ? undefined : log.debug({ runId, reason: answer.reason }, 'a run did not begin to move')),
      (error: unknown) => log.error({ err: error, runId }, 'a run does not begin to move'),
    );
  }
}
