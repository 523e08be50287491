import type { Outcome, RunResult, Runtime, Usage } from '../../runtime/index.js';
import { decideCommit, type Commit } from '../commit.js';
import { runLetter } from '../dead-letters/index.js';
import type { OutgoingMessage } from '../broker-link.js';
import type { Counts } from '../counts.js';
import type { Observer } from '../observations.js';
import type { Journal } from '../journal/index.js';
import { EXECUTION_BOUNDS } from './limits.js';
import type { Logger } from '../log.js';
import { writeChain } from '../loops/index.js';
import type { Outbox } from './outbox.js';
import { lastFuel, type Execution, type Parking, type ThreadLooks } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import { bytesOf, recordOf } from '../records/index.js';
import type { DeployedTask } from '../registry/index.js';
import { verdictOf, type RetryWaits, type Verdict } from '../retries/index.js';
import { requestOf } from '../run-request.js';
import { RunStops } from './run-stops.js';
import type { Job, Lane, Scheduler } from '../scheduler/index.js';
import type { ChangeResult, StateChange, StoredMessage } from '../store/index.js';

export interface ExecutorParts {
  readonly runtime: Pick<Runtime, 'run'>;
  /** Executes the runs that can stand still. */
  readonly parking: Pick<Parking, 'execute' | 'goesOn' | 'over' | 'recall' | 'stopKey' | 'takeOver'>;
  /** Told of each run that the runtime has. */
  readonly threads: Pick<ThreadLooks, 'began' | 'left'>;
  readonly journal: Pick<Journal, 'write' | 'record'>;
  readonly outbox: Pick<Outbox, 'isCaughtUp' | 'publishNow'>;
  readonly scheduler: Scheduler<PendingRun>;
  /** Told of each message of a run that is over. */
  readonly willPublish: (message: OutgoingMessage, run: PendingRun) => void;
  readonly counts: Counts;
  readonly observe: Observer;
  readonly log: Logger;
  /** Whether records of runs are kept. */
  readonly records: boolean;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly retries: Pick<RetryWaits, 'count' | 'bytes' | 'add' | 'takeOut' | 'takeAll'>;
  /** Told how a run ended that was not to go again. `probe` when its task's quarantine let it start. */
  readonly ran: (run: PendingRun, how: RunEnd, probe: boolean) => void;
  /** Called when a run waits for its next attempt. */
  readonly waits: (run: PendingRun) => void;
  /** Called when some runs are over, after others were started in their place. */
  readonly runsEnded: (runs: readonly PendingRun[]) => void;
}

type RunEnd = 'completed' | 'given-up' | 'cancelled';

interface Ended {
  readonly job: Job<PendingRun>;
  readonly result: RunResult;
  readonly commit: Commit;
  /** How the runtime ended it. */
  readonly executed: Outcome;
  readonly verdict: Verdict;
  /** When the verdict was given: milliseconds since 1970 (UTC). */
  readonly atMs: number;
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
  /** Runs that are to wait for their next attempt once that is written. */
  #toWait = 0;
  readonly #flush = (): void => this.#commitEnded();

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** Starts a run: the scheduler's `start`. */
  start(job: Job<PendingRun>): void {
    const run = job.value;
    const { runtime, parking, threads, records, clock } = this.#parts;
    // One that stood still, or moved, goes on with the execution that it began.
    if (!parking.goesOn(job)) run.executions++;
    run.startedAtMs = clock();
    const { installed } = run.task;
    const request = requestOf(job, records);
    const signal = this.#stops.signalFor(run);
    const ended = (result: RunResult): void => {
      threads.left(job);
      this.#end(job, result);
    };
    const settled = (execution: Execution): void => {
      if (execution.kind === 'ended') return ended(execution.result);
      threads.left(job);
      if (!this.#stopped) execution.settle();
    };
    const fault = (error: unknown): void => ended(this.#faulted(job, error));
    if (installed.resumable === undefined) runtime.run(request, signal).then(ended, fault);
    else parking.execute(job, request, signal).then(settled, fault);
    threads.began(job);
  }

  /** A run that stood still is over. */
  endParked(job: Job<PendingRun>, result: RunResult): void {
    this.#end(job, result);
  }

  /** Stops the run of a key of a task with `mode = "restart"`, if there is one: it has no effect then. */
  cancel(task: DeployedTask, key: string): void {
    this.#stops.stop(task, key);
    this.#parts.parking.stopKey(task, key);
  }

  /** Takes out the run of a task's key that waits for its next attempt, if there is one. Its place in the inbox is the caller's. */
  giveUp(task: DeployedTask, key: string): PendingRun | undefined {
    const { retries, scheduler, ran } = this.#parts;
    const job = retries.takeOut(task, key);
    if (job === undefined) return undefined;
    this.#stops.forget(job.value);
    ran(job.value, 'given-up', false);
    this.#finishInOrder(scheduler.abandon(job));
    return job.value;
  }

  /**
   * Takes out all runs of a version of a task that have run and do not run now, but for those that stand still and are to go on. They are
   * in the inbox as before.
   * @param lane Where runs of it wait to run again, none of which has not begun. Without it, those go on there.
   * @returns them in the order in which they came.
   */
  takeWaiting(task: DeployedTask, lane: Lane<PendingRun> | undefined): readonly PendingRun[] {
    const { retries, scheduler, clock, parking } = this.#parts;
    if (lane !== undefined) parking.recall(task);
    const jobs = [...parking.takeOver(task), ...retries.takeAll(task)];
    for (const job of jobs) {
      // It goes on before it was due.
      job.value.clockMs = Math.min(job.value.clockMs, clock());
      this.#finishInOrder(scheduler.abandon(job));
    }
    for (let taken = lane && scheduler.takeBegun(lane); taken; taken = lane && scheduler.takeBegun(lane)) {
      jobs.push(taken.job);
      this.#finishInOrder(taken.ended);
    }
    for (const { value } of jobs) this.#stops.forget(value);
    return jobs.toSorted((a, b) => a.number - b.number).map(({ value }) => value);
  }

  /** From now on, runs that end have no effect. */
  stop(): void {
    this.#stopped = true;
  }

  #end(job: Job<PendingRun>, result: RunResult): void {
    if (this.#stopped) return;
    // It may have completed while it was being stopped.
    if (this.#stops.wasStopped(job.value)) return this.#release(withoutEffects(job, result, { kind: 'cancelled' }));
    if (result.outcome.kind !== 'completed') return this.#failed(job, result, result.outcome);
    const decision = decideCommit(result, job.value.task.manifest.grants);
    if (decision.ok) {
      this.#release({ job, result, commit: decision.commit, executed: result.outcome, verdict: OVER, atMs: 0 });
      return;
    }
    // The runtime should have stopped it: not the guest's fault alone.
    this.#parts.log.error(
      { runId: result.runId, fault: decision.fault },
      'a run got past the runtime with an effect it has no grant for',
    );
    this.#failed(job, result, { kind: 'denied', message: decision.fault });
  }

  /** A run that goes again keeps its place in the order of its lane. */
  #failed(job: Job<PendingRun>, result: RunResult, outcome: Outcome): void {
    const atMs = this.#parts.clock();
    const ended = { ...withoutEffects(job, result, outcome), verdict: this.#verdictOn(job, outcome, atMs), atMs };
    if (ended.verdict.kind !== 'retry') return this.#release(ended);
    this.#toWait++;
    this.#toCommit(ended);
  }

  #verdictOn({ value: run, probe }: Job<PendingRun>, outcome: Outcome, atMs: number): Verdict {
    const { retries } = this.#parts;
    const ageMs = atMs - run.takenAtMs;
    // A probe is asked whether the task works: its answer does not wait.
    const bytes = retries.bytes + run.event.payload.length;
    const hasRoom =
      retries.count + this.#toWait < EXECUTION_BOUNDS.retryingRuns && bytes <= EXECUTION_BOUNDS.retryingBytes;
    const mayWait = !probe && hasRoom;
    const { attempt, seed, task } = run;
    return verdictOf({ outcome, attempt, ageMs, seed, mayWait }, task.manifest.retry);
  }

  #toCommit(ended: Ended): void {
    this.#ended.push(ended);
    this.#flushSoon();
  }

  /** Runs end in the order that their lane wants. */
  #release(ended: Ended): void {
    this.#unreleased.set(ended.job, ended);
    const jobs = ended.job.lane.ended(ended.job);
    if (jobs.length === 0) this.#parts.scheduler.pump();
    this.#finishInOrder(jobs);
  }

  #finishInOrder(jobs: readonly Job<PendingRun>[]): void {
    for (const job of jobs) {
      const released = this.#unreleased.get(job);
      if (released === undefined) throw new Error('Cannot release a run as it has not ended');
      this.#unreleased.delete(job);
      this.#ended.push(released);
    }
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#ended.length === 0 || this.#flushing) return;
    this.#flushing = true;
    process.nextTick(this.#flush);
  }

  #commitEnded(): void {
    const batch = this.#ended;
    this.#ended = [];
    this.#flushing = false;
    if (this.#stopped) return;
    const changes = batch.map((ended) => this.#changeOf(ended));
    const { journal, outbox } = this.#parts;
    // What nobody was promised does not wait for the disk, unless it would overtake what does.
    if (!changes.some(isPromised) && (changes.every(isSilent) || outbox.isCaughtUp)) {
      this.#settleAll(batch, []);
      this.#recordApart(batch);
      for (const { messages = [] } of changes) for (const message of messages) void outbox.publishNow(message);
      return;
    }
    journal.write(this.#recorded(batch, changes), (results) => this.#settleAll(batch, results));
  }

  #settleAll(batch: readonly Ended[], results: readonly ChangeResult[]): void {
    const over: PendingRun[] = [];
    for (const [i, ended] of batch.entries()) {
      const settled = this.#settle(ended, results[i]);
      if (settled) over.push(ended.job.value);
    }
    this.#parts.scheduler.pump();
    this.#parts.runsEnded(over);
  }

  #changeOf(ended: Ended): StateChange {
    const { job, result, commit, verdict, atMs } = ended;
    const { runId, task, place, attempt } = job.value;
    if (verdict.kind === 'retry') {
      const retries = place && { place, attempt: attempt + 1, dueAtMs: atMs + verdict.waitMs, executions: 0 };
      return { ...commit.change, retries };
    }
    if (verdict.kind === 'bury') {
      return { ...commit.change, ends: place, letter: runLetter(job.value, result, atMs) };
    }
    const messages: StoredMessage[] = [];
    if (commit.messages.length > 0) {
      const timeMs = this.#parts.clock();
      const chain = writeChain([...job.value.chain, task.manifest.name]);
      for (const [i, { topic, payload, qos, retain }] of commit.messages.entries()) {
        const origin = { id: `${runId}/${i}`, source: task.manifest.name, timeMs, chain };
        messages.push({ topic, payload, qos, retain, origin });
      }
    }
    return { ...commit.change, messages, ends: place };
  }

  /** With the record of each run: it is kept with what the run did, or not at all. */
  #recorded(batch: readonly Ended[], changes: readonly StateChange[]): readonly StateChange[] {
    if (!this.#parts.records) return changes;
    return changes.map((change, i) => {
      const ended = batch[i];
      // A run has one record: that of the attempt it ended with.
      if (ended === undefined || ended.verdict.kind === 'retry') return change;
      return { ...change, record: recordOf(ended.job.value, ended.result, ended.executed) };
    });
  }

  /** Of runs for which nothing else is kept. */
  #recordApart(batch: readonly Ended[]): void {
    if (!this.#parts.records) return;
    for (const { job, result, executed, verdict } of batch) {
      if (verdict.kind === 'retry') continue;
      const record = recordOf(job.value, result, executed);
      this.#parts.journal.record(record, bytesOf(record));
    }
  }

  /** Whether the run is over; if not, it goes again. */
  #settle(ended: Ended, written: ChangeResult | undefined): boolean {
    const { job, result } = ended;
    if (written === undefined || written.kind === 'committed') {
      if (ended.verdict.kind === 'retry') {
        this.#wait(ended, ended.verdict.waitMs);
        return false;
      }
      this.#finish(ended);
      return true;
    }
    // What failed goes once more to the journal, which does not know yet that it has.
    if (written.kind === 'refused') {
      this.#failed(job, result, { kind: 'failed', message: `its writes were refused: ${written.message}` });
      return false;
    }
    const { runId, attempt, executions, task } = job.value;
    const { bucket, key } = written;
    if (executions >= EXECUTION_BOUNDS.executions) {
      const what = key === undefined ? 'keys' : `"${key}"`;
      const message = `others wrote ${what} of the bucket ${bucket} during each of ${executions} executions`;
      this.#failed(job, result, { kind: 'failed', message });
      return false;
    }
    this.#parts.counts.repeated++;
    this.#parts.observe({
      kind: 'run-repeated',
      runId,
      task: task.manifest.name,
      attempt,
      executions,
      bucket,
      ...(key === undefined ? {} : { key }),
    });
    this.#noteExecutions(job.value);
    this.#parts.parking.over(job, true);
    this.#parts.scheduler.repeat(job, lastFuel(job.value, result.usage.fuel));
    return false;
  }

  /** That a run went again in vain counts after a restart, too, where one may come between its executions: they take long. */
  #noteExecutions({ task, place, attempt, clockMs, executions }: PendingRun): void {
    if (task.installed.resumable === undefined || place === undefined) return;
    const retries = { place, attempt, dueAtMs: clockMs, executions };
    this.#parts.journal.write([{ reads: [], writes: [], retries }], () => undefined);
  }

  /** A run goes again later: nobody has its key meanwhile, and others its slot. */
  #wait({ job, result, atMs }: Ended, waitMs: number): void {
    const { counts, observe, scheduler, retries, waits } = this.#parts;
    const run = job.value;
    this.#toWait--;
    const { runId, task, event, attempt } = run;
    const { outcome, usage, log, droppedLogLines } = result;
    counts.retried++;
    observe({
      kind: 'run-retried',
      runId,
      task: task.manifest.name,
      event,
      attempt,
      outcome,
      usage,
      log,
      droppedLogLines,
      waitMs,
    });
    run.attempt++;
    run.executions = 0;
    run.clockMs = atMs + waitMs;
    this.#parts.parking.over(job, false);
    scheduler.park(job, lastFuel(run, usage.fuel));
    retries.add(job, run.clockMs);
    waits(run);
  }

  #finish({ job, result, commit, verdict }: Ended): void {
    const { counts, observe, scheduler, clock, ran } = this.#parts;
    const { runId, task, event, attempt } = job.value;
    const { outcome, usage, effects, log, droppedLogLines } = result;
    const name = task.manifest.name;
    this.#stops.forget(job.value);
    counts.runs[outcome.kind]++;
    // The clock may have been set back meanwhile.
    const totalMs = Math.max(0, clock() - event.arrivedAtMs);
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
    if (verdict.kind === 'bury') {
      counts.buried++;
      observe({ kind: 'run-buried', runId, task: name, attempts: attempt });
    }
    for (const message of commit.messages) this.#parts.willPublish(message, job.value);
    ran(job.value, endOf(outcome), job.probe);
    // Only now may the next run of the same key start: it sees what this one wrote.
    this.#parts.parking.over(job, false);
    scheduler.finish(job, lastFuel(job.value, usage.fuel));
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

/**
 * Whether something of a run must survive: its event was acknowledged, it read or wrote state, or it publishes at QoS 1.
 * At QoS 0 MQTT promises nothing, neither for an event nor for a message.
 */
function isPromised({ reads, listed = [], writes, messages = [], ends, retries, letter }: StateChange): boolean {
  if (ends !== undefined || retries !== undefined || letter !== undefined) return true;
  return reads.length + listed.length + writes.length > 0 || messages.some(({ qos }) => qos > 0);
}

function isSilent({ messages = [] }: StateChange): boolean {
  return messages.length === 0;
}

function withoutEffects(job: Job<PendingRun>, result: RunResult, outcome: Outcome): Ended {
  return {
    job,
    result: { ...result, outcome, effects: [] },
    commit: { change: { reads: [], writes: [] }, messages: [] },
    executed: result.outcome,
    verdict: OVER,
    atMs: 0,
  };
}

const OVER: Verdict = { kind: 'over' };

function endOf({ kind }: Outcome): RunEnd {
  return kind === 'completed' || kind === 'cancelled' ? kind : 'given-up';
}
