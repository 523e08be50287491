import type { Outcome, RunResult, Runtime, Usage } from '../runtime/index.js';
import { decideCommit, type Commit } from './commit.js';
import type { BrokerLink, Counts, Observer, OutgoingMessage } from './events.js';
import { HUB_BOUNDS } from './limits.js';
import type { Logger } from './log.js';
import type { PendingRun } from './pending-run.js';
import type { DeployedTask } from './registry/index.js';
import { RunStops } from './run-stops.js';
import type { Job, Scheduler } from './scheduler/index.js';
import type { ChangeResult, StateChange, Store } from './store/index.js';

export interface ExecutorParts {
  readonly runtime: Pick<Runtime, 'run'>;
  readonly store: Store;
  readonly scheduler: Scheduler<PendingRun>;
  readonly publish: BrokerLink['publish'];
  /** Told of each message before it is published. */
  readonly willPublish: (message: OutgoingMessage, run: PendingRun) => void;
  readonly counts: Counts;
  readonly observe: Observer;
  readonly log: Logger;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** Called when some runs are over, after others were started in their place. */
  readonly runsEnded: (runs: readonly PendingRun[]) => void;
}

interface Ended {
  readonly job: Job<PendingRun>;
  readonly result: RunResult;
  readonly commit: Commit;
}

/**
 * Takes runs from the scheduler through the runtime to their commit.
 *
 * Runs that end in one turn of the event loop are committed together, in one
 * transaction; none of their effects is seen before.
 */
export class Executor {
  readonly #parts: ExecutorParts;
  #ended: Ended[] = [];
  #flushing = false;
  /** Runs that have ended before one that their lane wants to end first. */
  readonly #unreleased = new Map<Job<PendingRun>, Ended>();
  #stopped = false;
  readonly #stops = new RunStops();
  readonly #flush = (): void => this.#commitEnded();

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** Starts a run: the scheduler's `start`. */
  start(job: Job<PendingRun>): void {
    const run = job.value;
    run.attempt++;
    if (run.clockMs === 0) run.clockMs = this.#parts.clock();
    const { manifest, installed } = run.task;
    const request = {
      runId: run.runId,
      task: installed.key,
      event: run.event,
      attempt: run.attempt,
      limits: manifest.limits,
      grants: manifest.grants,
      config: manifest.config,
      clockMs: run.clockMs,
      seed: run.seed,
      // Two tasks may be the same component: neither is to find what is the other's.
      isolationKey: manifest.isolation === 'key' ? `${manifest.name}/${job.key ?? ''}` : undefined,
      subjects: manifest.subjects,
    };
    this.#parts.runtime.run(request, this.#stops.signalFor(run)).then(
      (result) => this.#end(job, result),
      (error: unknown) => this.#end(job, this.#faulted(job, error)),
    );
  }

  /** Stops the run of a key of a task with `mode = "restart"`, if there is one: it has no effect then. */
  cancel(task: DeployedTask, key: string): void {
    this.#stops.stop(task, key);
  }

  /** From now on, runs that end have no effect. */
  stop(): void {
    this.#stopped = true;
  }

  #end(job: Job<PendingRun>, result: RunResult): void {
    if (this.#stopped) return;
    // It may have completed while it was being stopped.
    if (this.#stops.wasStopped(job.value)) return this.#release(withoutEffects(job, result, { kind: 'cancelled' }));
    const decision = decideCommit(result, job.value.task.manifest.grants);
    if (decision.ok) {
      this.#release({ job, result, commit: decision.commit });
      return;
    }
    // The runtime should have stopped it: not the guest's fault alone.
    this.#parts.log.error(
      { runId: result.runId, fault: decision.fault },
      'a run got past the runtime with an effect it has no grant for',
    );
    this.#release(withoutEffects(job, result, { kind: 'denied', message: decision.fault }));
  }

  /** Runs end in the order that their lane wants. */
  #release(ended: Ended): void {
    this.#unreleased.set(ended.job, ended);
    for (const job of ended.job.lane.ended(ended.job)) {
      const released = this.#unreleased.get(job);
      if (released === undefined) throw new Error('Cannot release a run as it has not ended');
      this.#unreleased.delete(job);
      this.#ended.push(released);
    }
    if (this.#ended.length > 0 && !this.#flushing) {
      this.#flushing = true;
      process.nextTick(this.#flush);
    }
  }

  #commitEnded(): void {
    const batch = this.#ended;
    this.#ended = [];
    this.#flushing = false;
    if (this.#stopped) return;
    const results = this.#write(batch);
    const over: PendingRun[] = [];
    for (const [i, ended] of batch.entries()) {
      const settled = this.#settle(ended, results?.get(i));
      if (settled) over.push(ended.job.value);
    }
    this.#parts.scheduler.pump();
    this.#parts.runsEnded(over);
  }

  /** Writes what a batch wants and answers with results by index; runs that read and wrote nothing are left out. */
  #write(batch: Ended[]): ReadonlyMap<number, ChangeResult> | undefined {
    const changes: StateChange[] = [];
    const indexes: number[] = [];
    for (const [i, { commit }] of batch.entries()) {
      if (commit.change.reads.length === 0 && commit.change.writes.length === 0) continue;
      changes.push(commit.change);
      indexes.push(i);
    }
    if (changes.length === 0) return undefined;
    let results: readonly ChangeResult[];
    try {
      results = this.#parts.store.commit(changes);
    } catch (error) {
      this.#parts.log.error({ err: error, runs: changes.length }, 'state could not be written');
      const message = error instanceof Error ? error.message : String(error);
      results = changes.map(() => ({ kind: 'refused', message }));
    }
    return new Map(
      indexes.map((index, i) => [index, results[i] ?? { kind: 'refused', message: 'the store gave no result' }]),
    );
  }

  /** Whether the run is over; if not, it goes again. */
  #settle(ended: Ended, written: ChangeResult | undefined): boolean {
    if (written === undefined || written.kind === 'committed') {
      this.#finish(ended);
      return true;
    }
    const { job, result } = ended;
    if (written.kind === 'refused') {
      this.#finish(
        withoutEffects(job, result, { kind: 'failed', message: `its writes were refused: ${written.message}` }),
      );
      return true;
    }
    const { runId, attempt, task } = job.value;
    const { bucket, key } = written;
    if (attempt >= HUB_BOUNDS.attempts) {
      const message = `others wrote "${key}" of the bucket ${bucket} during each of ${attempt} attempts`;
      this.#finish(withoutEffects(job, result, { kind: 'failed', message }));
      return true;
    }
    this.#parts.counts.repeated++;
    this.#parts.observe({ kind: 'run-repeated', runId, task: task.manifest.name, attempt, bucket, key });
    this.#parts.scheduler.repeat(job, result.usage.fuel);
    return false;
  }

  #finish({ job, result, commit }: Ended): void {
    const { counts, observe, scheduler, clock } = this.#parts;
    const { runId, task, event, attempt } = job.value;
    const { outcome, usage, effects, log, droppedLogLines } = result;
    const name = task.manifest.name;
    this.#stops.forget(job.value);
    counts.runs[outcome.kind]++;
    const totalMs = clock() - event.arrivedAtMs;
    observe({
      kind: 'run-finished',
      runId,
      task: name,
      event,
      attempt,
      outcome,
      usage,
      effects,
      log,
      droppedLogLines,
      totalMs,
    });
    for (const message of commit.messages) {
      this.#parts.willPublish(message, job.value);
      this.#publish(runId, name, message);
    }
    // Only now may the next run of the same key start: it sees what this one wrote.
    scheduler.finish(job, usage.fuel);
  }

  #publish(runId: string, task: string, message: Commit['messages'][number]): void {
    const { counts, observe, publish } = this.#parts;
    counts.published++;
    observe({ kind: 'published', runId, task, message });
    publish(message).catch((error: unknown) => {
      counts.publishFailed++;
      const reason = error instanceof Error ? error.message : String(error);
      observe({ kind: 'publish-failed', runId, task, topic: message.topic, message: reason });
    });
  }

  /** A run that the runtime could not take at all. */
  #faulted(job: Job<PendingRun>, error: unknown): RunResult {
    const { runId } = job.value;
    this.#parts.log.error({ err: error, runId }, 'the runtime could not run a task');
    const reason = error instanceof Error ? error.message : String(error);
    const outcome: Outcome = { kind: 'failed', message: `it could not be run: ${reason}` };
    return { runId, outcome, effects: [], reads: [], log: [], droppedLogLines: 0, usage: NO_USAGE };
  }
}

const NO_USAGE: Usage = { fuel: 0, peakMemoryBytes: 0, wallMs: 0, hostMs: 0, outputBytes: 0, logBytes: 0 };

function withoutEffects(job: Job<PendingRun>, result: RunResult, outcome: Outcome): Ended {
  return {
    job,
    result: { ...result, outcome, effects: [] },
    commit: { change: { reads: [], writes: [] }, messages: [] },
  };
}
