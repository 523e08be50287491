import type { StubRecord } from '../../provider/protocol/migration/index.js';
import { isExecutor } from '../../provider/protocol/responsibility/index.js';
import type { RunResult } from '../../runtime/index.js';
import type { Logger } from '../log.js';
import { cancelledRun } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import type { Job, Scheduler } from '../scheduler/index.js';
import type { KnownRuns } from './known-runs.js';
import type { MovingRun } from './moving-run.js';

export interface RunEndsParts {
  readonly known: Pick<KnownRuns, 'get'>;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'recall' | 'revive'>;
  /** Ends a run that is the scheduler's again. */
  readonly end: (job: Job<PendingRun>, result: RunResult) => void;
  /** Resolves when all that was committed before is on disk. */
  readonly durable: () => Promise<void>;
  /** A run moves no more. */
  readonly leave: (run: MovingRun) => void;
  readonly log: Pick<Logger, 'debug'>;
}

/** The ends of runs that move: each once, by the one commit that every run has, whoever wants it to end and however often. */
export class RunEnds {
  readonly #parts: RunEndsParts;
  /** Told when the row of a run is over and done with. */
  readonly #told = new Map<Job<PendingRun>, () => void>();
  /** Those that end: also before their last stretch has left its thread. */
  readonly #ending = new Set<Job<PendingRun>>();

  constructor(parts: RunEndsParts) {
    this.#parts = parts;
  }

  isEnding(job: Job<PendingRun>): boolean {
    return this.#ending.has(job);
  }

  /** Ends a run in one transaction with its effects. Resolves when that is on disk. */
  async end(job: Job<PendingRun>, record: StubRecord, how: 'of-the-run' | 'cancelled'): Promise<void> {
    const { known, scheduler, end, durable } = this.#parts;
    const run = known.get(job);
    // Whoever else wants it to end now finds it ending: it ends once.
    if (run === undefined || this.#ending.has(job)) return;
    this.#ending.add(job);
    await run.host.idle;
    const { result } = record.content;
    const fuel = job.value.settledFuel ?? 0;
    if (how === 'of-the-run' && result !== undefined) run.ended(result.usage);
    const where = isExecutor(record.stub) ? {} : { where: run.provider };
    const settled = new Promise<void>((resolve) => this.#told.set(job, resolve));
    scheduler.recall(job);
    scheduler.revive(job);
    end(job, how === 'of-the-run' && result !== undefined ? { ...result, ...where } : cancelledRun(job.value, fuel));
    await settled;
    this.#ending.delete(job);
    await durable();
  }

  /** A run is over, or goes again from its beginning. */
  over(job: Job<PendingRun>, goesAgain: boolean): void {
    const { known, leave, log } = this.#parts;
    const run = known.get(job);
    if (run === undefined) return;
    if (goesAgain) run.note('kept-here', 'others wrote what it had read: it begins anew');
    else run.note('over', 'it has ended');
    leave(run);
    const told = this.#told.get(job);
    this.#told.delete(job);
    // What was committed took the row along; what was not leaves it.
    const gone = goesAgain ? run.stubs.forget() : run.stubs.removeFiles();
    void gone.catch((error: unknown) => log.debug({ err: error }, 'a stub is left until the next start'));
    if (told === undefined) void run.close();
    else told();
  }
}
