import type { MigrationMessage, MigrationStatus, StubRecord, Terms } from '../../provider/protocol/migration/index.js';
import { isExecutor, NEW_RUN } from '../../provider/protocol/responsibility/index.js';
import { CheckpointFault, mostCheckpointBytes, type RunResult, type Runtime } from '../../runtime/index.js';
import type { CheckpointFiles } from '../checkpoints/index.js';
import { withinMs } from '../deadline.js';
import type { Observer, ParkReason } from '../observations.js';
import type { Journal } from '../journal/index.js';
import type { Logger } from '../log.js';
import {
  cancelledRun,
  fitsOf,
  notResumable,
  type Answer,
  type KeptPoints,
  type MovingRuns,
  type Parking,
} from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';
import { requestOf } from '../run-request.js';
import type { Job, Scheduler } from '../scheduler/index.js';
import { outcomeFault } from '../session/index.js';
import type { StoredMove } from '../store/index.js';
import type { Timer } from '../timer.js';
import { KeptStubs } from './kept-stubs.js';
import { MIGRATION_BOUNDS } from './limits.js';
import { NO_LINKS, type Links, type Moves } from './links.js';
import { MovingRun } from './moving-run.js';
import type { Note } from './notes.js';
import { StretchHost } from './stretch-host.js';
import { readStub } from './stub-text.js';

export interface MigrationsParts {
  /** @param moves told from now on. @returns undefined when all runs execute here. */
  readonly links: (moves: Moves) => Links | undefined;
  readonly runtime: Pick<Runtime, 'resume'>;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'unpark' | 'recall' | 'revive' | 'pump'>;
  readonly parking: Pick<Parking, 'adopt' | 'lend' | 'takeIn' | 'beginAnew' | 'seen'>;
  /** Finds a run that has begun and does not move. */
  readonly find: (runId: string) => Job<PendingRun> | undefined;
  readonly points: Pick<KeptPoints, 'of' | 'adopt'>;
  readonly files: Pick<CheckpointFiles, 'keep' | 'read' | 'remove'>;
  readonly journal: Pick<Journal, 'write'>;
  /** Resolves when all that was committed before is on disk. */
  readonly durable: () => Promise<void>;
  /** Ends a run that is the scheduler's again. */
  readonly end: (job: Job<PendingRun>, result: RunResult) => void;
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** Another text each time, also over restarts. */
  readonly newId: () => string;
  /** Whether records of runs are kept. */
  readonly records: boolean;
  readonly observe: Observer;
  readonly log: Logger;
}

/** Where a run is that moves, and how it came there. */
export interface MigrationView extends MigrationStatus {
  readonly runId: string;
  readonly task: string;
  readonly provider: string;
  /** When its last point that is known here was: milliseconds since 1970 (UTC). */
  readonly pointAtMs?: number;
  readonly notes: readonly Note[];
}

/** A run of an earlier hub whose checkpoints are not read yet. */
interface Adopted {
  readonly job: Job<PendingRun>;
  readonly move: StoredMove;
  /** The last that its provider has said of it on the link of now. */
  said: MigrationMessage | undefined;
}

const DONE: Answer = { ok: true };

/**
 * All runs of this hub that move.
 *
 * To the scheduler, one that does not execute here is parked, and keeps its key. Its outcome goes the way of all others,
 * through one commit; so the hub may at any time go on alone from its own stub and forget the migration, whoever
 * executes: what the provider still makes of it is answered with `over`, and no other run ever has its name.
 */
export class Migrations implements MovingRuns, Moves {
  readonly #parts: MigrationsParts;
  readonly #links: Links;
  readonly #moving = new Map<Job<PendingRun>, MovingRun>();
  /** By the name of their migration. */
  readonly #adopted = new Map<string, Adopted>();
  /** Told when the row of a run is over and done with. */
  readonly #ending = new Map<Job<PendingRun>, () => void>();
  /** Those that end: also before their last stretch has left its thread. */
  readonly #isEnding = new Set<Job<PendingRun>>();
  /** How fast runs that move no more went to each provider. */
  readonly #bytesPerMs = new Map<string, number>();
  /** Of runs that are over, the latest last. */
  readonly #past = new Map<string, MigrationView>();
  /** Runs that are about to begin to move, by id. */
  readonly #beginning = new Map<string, Job<PendingRun>>();
  #isStarted = false;
  #isStopped = false;

  constructor(parts: MigrationsParts) {
    this.#parts = parts;
    this.#links = parts.links(this) ?? NO_LINKS;
  }

  /** The providers. */
  get links(): Links {
    return this.#links;
  }

  /** Runs that move. */
  get jobs(): readonly Job<PendingRun>[] {
    return [...this.#moving.keys()];
  }

  has(job: Job<PendingRun>): boolean {
    return this.#moving.has(job);
  }

  stretchOf(job: Job<PendingRun>): ReturnType<MovingRuns['stretchOf']> {
    return this.#moving.get(job)?.host.stretch;
  }

  /** Where a run is; undefined for one that has not moved, or that too many have moved since. */
  of(runId: string): MigrationView | undefined {
    const run = this.#find(runId);
    return run === undefined ? this.#past.get(runId) : viewOf(run);
  }

  /** Bytes of the last point of a run that moves; undefined for any other. */
  pointBytes(runId: string): number | undefined {
    return this.#find(runId)?.pointBytes;
  }

  /** How fast the latest run that told went to a provider, in bytes per millisecond; undefined when none did. */
  bytesPerMs(provider: string): number | undefined {
    const runs = [...this.#moving.values()].filter((run) => run.provider === provider);
    return runs.findLast((run) => run.bytesPerMs !== undefined)?.bytesPerMs ?? this.#bytesPerMs.get(provider);
  }

  /** The point from which a run would go on here, if it moves. */
  checkpoint(runId: string): Uint8Array | undefined {
    return this.#find(runId)?.checkpoint;
  }

  /**
   * Has a run execute at a provider from its next point on, or here.
   * @param to The provider's name; undefined for this hub.
   * @param why In a sentence.
   */
  async migrate(runId: string, to: string | undefined, why: string): Promise<Answer> {
    const run = this.#find(runId);
    if (to === undefined) return run === undefined ? no(this.#whyNotHome(runId)) : this.#home(run, why);
    if (run === undefined) return this.#begin(runId, to, why);
    const refusal = this.#whyNot(run.job, to);
    if (refusal !== undefined) return no(refusal);
    if (run.provider !== to) {
      const first = `sterna migrate ${runId} --home, and when it is here sterna park ${runId}`;
      return no(`it moves between this hub and ${run.provider}: for ${to}, first ${first}`);
    }
    run.want('provider', why);
    return DONE;
  }

  /**
   * The hub keeps a run for itself: it goes on here from the last point that is here, and moves no more.
   * @param reason Why it stands still until its turn comes, or somebody lets it go on.
   */
  async keepHere(runId: string, reason: ParkReason, why: string): Promise<boolean> {
    const run = this.#find(runId);
    return run !== undefined && (await this.#keepHere(run, reason, why));
  }

  /** Runs that execute at a provider. */
  runsAt(provider: string): number {
    let count = 0;
    for (const run of this.#moving.values()) {
      if (run.provider === provider && run.status.executes === 'provider') count++;
    }
    return count;
  }

  /** Runs of a lane that the scheduler has as parked, as they execute elsewhere or are about to. */
  awayIn(lane: object): number {
    const { parking } = this.#parts;
    const jobs = [...this.#moving.values()].filter(({ host }) => host.stretch === undefined).map(({ job }) => job);
    for (const job of this.#beginning.values()) if (parking.seen(job)?.state !== 'executing') jobs.push(job);
    for (const { job } of this.#adopted.values()) jobs.push(job);
    return new Set(jobs.filter((job) => job.lane === lane)).size;
  }

  cancel(runId: string): boolean {
    const run = this.#find(runId);
    run?.cancel();
    return run !== undefined;
  }

  stopKey(task: DeployedTask, key: string): void {
    for (const run of this.#moving.values()) {
      const { value } = run.job;
      if (value.task === task && value.key === key) run.cancel();
    }
  }

  over(job: Job<PendingRun>, goesAgain: boolean): void {
    const run = this.#moving.get(job);
    if (run === undefined) return;
    if (goesAgain) run.note('kept-here', 'others wrote what it had read: it begins anew');
    else run.note('over', 'it has ended');
    this.#leave(run);
    const told = this.#ending.get(job);
    this.#ending.delete(job);
    // What was committed took the row along; what was not leaves it.
    const gone = goesAgain ? run.stubs.forget() : run.stubs.removeFiles();
    void gone.catch((error: unknown) => this.#parts.log.debug({ err: error }, 'a stub is left until the next start'));
    if (told === undefined) void run.close();
    else told();
  }

  /** Takes up a run that moved when an earlier hub ended, and is parked. `start` goes on with it. */
  adopt(job: Job<PendingRun>, move: StoredMove): void {
    this.#adopted.set(move.id, { job, move, said: undefined });
    // Before there is a session: the provider is to have what the run may read, or nothing.
    this.#hold(move.provider);
  }

  /** All runs of an earlier hub are here. */
  start(): void {
    this.#isStarted = true;
    for (const adopted of this.#adopted.values()) {
      void this.#resume(adopted).catch((error: unknown) => this.#parts.log.error({ err: error }, 'a run stands still'));
    }
  }

  /** The tasks that a provider takes may be others. */
  changed(provider: string): void {
    for (const run of this.#moving.values()) if (run.provider === provider) run.look();
  }

  unsent(id: string, reason: string): void {
    const run = [...this.#moving.values()].find((one) => one.id === id);
    if (run !== undefined) void this.#keepHere(run, 'priority', `it cannot be sent: ${reason}`);
  }

  /** The session with a provider is over. */
  lost(provider: string): void {
    for (const run of this.#moving.values()) if (run.provider === provider) run.lost();
    for (const adopted of this.#adopted.values()) if (adopted.move.provider === provider) adopted.said = undefined;
  }

  refusal(runId: string, provider: string): string | undefined {
    const found = this.#parts.find(runId);
    if (found === undefined) return `there is no run "${runId}" that has begun and is not over`;
    if (this.#isStopped) return 'the hub is stopping';
    const whyNot = this.#whyNot(found, provider);
    if (whyNot !== undefined) return whyNot;
    if (this.#moving.size + this.#beginning.size >= MIGRATION_BOUNDS.runs) {
      return `at most ${MIGRATION_BOUNDS.runs} runs may move at once`;
    }
    return this.#beginning.has(runId) ? 'it is about to move already' : undefined;
  }

  begin(runId: string, provider: string, why: string): void {
    const { log } = this.#parts;
    this.#begin(runId, provider, why).then(
      (answer) => (answer.ok ? undefined : log.debug({ runId, reason: answer.reason }, 'a run did not begin to move')),
      (error: unknown) => log.error({ err: error, runId }, 'a run does not begin to move'),
    );
  }

  /** What the hub is under has changed: what it wants of runs that are away may have, too. */
  adapted(): void {
    for (const run of this.#moving.values()) {
      const { job } = run;
      run.look();
      run.adapt(this.#links.prospects(job.value.task, requestOf(job, this.#parts.records)));
    }
  }

  /** A provider is at fault, and will have no session any more. */
  gone(provider: string, reason: string): void {
    for (const run of this.#moving.values()) {
      if (run.provider === provider)
        void this.#keepHere(run, 'priority', `${provider} is not used any more: ${reason}`);
    }
  }

  mostBytes(provider: string, id: string): number | undefined {
    const adopted = this.#adopted.get(id);
    const job = adopted?.move.provider === provider ? adopted.job : this.#movingAt(provider, id)?.job;
    return job && mostCheckpointBytes(job.value.task.manifest);
  }

  received(provider: string, message: MigrationMessage): void {
    const { id, task } = message;
    if (!this.#isStarted || this.#isStopped) return;
    const adopted = this.#adopted.get(id);
    if (adopted !== undefined) {
      // It is not said again soon.
      if (adopted.move.provider === provider) adopted.said = message;
      return;
    }
    const run = this.#movingAt(provider, id);
    if (run !== undefined) return run.receive(message);
    if (message.message.type === 'over') return;
    this.#links.send(provider, { id, task, message: { type: 'over' }, content: {} });
  }

  /** What waits for its turn here of a version is not to be taken for runs that go again from their beginning. */
  hold(task: DeployedTask): void {
    for (const { job, host } of this.#moving.values()) if (job.value.task === task) host.hold();
  }

  /** Another version of a task is in force, or none: see `Parking.taskChanged`. */
  taskChanged(name: string, task: DeployedTask | undefined): void {
    const policy = task?.manifest.resumable?.onNewVersion ?? 'finish-on-old';
    for (const run of this.#moving.values()) {
      const { job, host } = run;
      host.goOn();
      if (job.value.task.manifest.name !== name || job.value.task === task) continue;
      if (policy === 'cancel') run.cancel();
      else if (policy === 'restart-on-new') {
        void this.#keepHere(run, 'new-version', 'it begins anew on another version of its task');
      } else run.outlives(task?.manifest.version);
    }
  }

  /** Executes nothing any more. Resolves when the stubs are what the next start is to find. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const closed = Promise.all([...this.#moving.values()].map((run) => run.close()));
    await withinMs(MIGRATION_BOUNDS.closeMs, closed);
  }

  #movingAt(provider: string, id: string): MovingRun | undefined {
    for (const run of this.#moving.values()) if (run.id === id && run.provider === provider) return run;
    return undefined;
  }

  #find(runId: string): MovingRun | undefined {
    for (const run of this.#moving.values()) if (run.job.value.runId === runId) return run;
    return undefined;
  }

  #whyNot(job: Job<PendingRun>, provider: string): string | undefined {
    const { task } = job.value;
    const { name } = task.manifest;
    if (task.installed.resumable === undefined) {
      return notResumable(name);
    }
    if (job.probe) return 'it is the one that is tried after a quarantine';
    return this.#links.refusal(provider, task, requestOf(job, this.#parts.records));
  }

  #whyNotHome(runId: string): string {
    const whole = this.#links.wholeAt(runId);
    if (whole === undefined) return 'it executes here already';
    return `it began at the provider ${whole}, which executes it as a whole: "sterna explain ${runId}" says why`;
  }

  async #begin(runId: string, provider: string, why: string): Promise<Answer> {
    const { parking, newId } = this.#parts;
    const refusal = this.refusal(runId, provider);
    const found = this.#parts.find(runId);
    if (refusal !== undefined || found === undefined) return no(refusal ?? '');
    this.#beginning.set(runId, found);
    try {
      const lent = await parking.lend(runId);
      if (lent === undefined) return no('it ended, or came to no point at which it can stand still');
      const { job, checkpoint } = lent;
      if (this.#isStopped) {
        await parking.takeIn(lent, 'stopping');
        return no('the hub is stopping');
      }
      const { task } = job.value;
      const terms: Terms = { ...this.#termsOf(job), executes: 'provider' };
      const id = `${runId}#${newId()}`;
      const record = { id, task: task.manifest.name, stub: NEW_RUN, content: { anchor: checkpoint }, terms, why };
      const asked: Note = { atMs: this.#parts.clock(), what: 'asked', epoch: 0, point: 0, to: 'provider', why };
      this.#enter(job, provider, { record, notes: [asked] });
      return DONE;
    } finally {
      this.#beginning.delete(runId);
      // What began to leave, and did not, was counted as away meanwhile.
      found.lane.cameBack();
      this.#parts.scheduler.pump();
    }
  }

  /** What the hub wants of a run, as things are now. */
  #termsOf(job: Job<PendingRun>): Omit<Terms, 'executes'> {
    const { task } = job.value;
    const everyMs = task.manifest.resumable?.everyMs ?? MIGRATION_BOUNDS.pointMs;
    return {
      pointMs: Math.min(everyMs, MIGRATION_BOUNDS.pointMs),
      reclaimMs: MIGRATION_BOUNDS.reclaimMs,
      responsible: undefined,
      mode: undefined,
      ...this.#links.prospects(task, requestOf(job, this.#parts.records)),
    };
  }

  async #home(run: MovingRun, why: string): Promise<Answer> {
    if (run.status.executes === 'provider' && !run.isLinked) {
      await this.#keepHere(run, 'priority', `${why}, and ${run.provider} is not heard`);
      return DONE;
    }
    run.want('hub', why);
    return DONE;
  }

  #enter(
    job: Job<PendingRun>,
    provider: string,
    of: {
      readonly record: StubRecord;
      readonly notes: readonly Note[];
      readonly files?: readonly { readonly bytes: Uint8Array; readonly digest: string }[];
    },
  ): MovingRun {
    const links = this.#links;
    const { runtime, scheduler, files, journal, points, durable, timer, clock, records, log } = this.#parts;
    const { record, notes } = of;
    const request = requestOf(job, records);
    const failed = (run: MovingRun | undefined, reason: string): void => {
      if (run === undefined || this.#moving.get(job) !== run || this.#isStopped) return;
      log.warn({ runId: job.value.runId, reason }, 'a run moves no more');
      void this.#keepHere(run, 'priority', reason);
    };
    const host = new StretchHost({
      job,
      request,
      runtime,
      scheduler,
      resultFault: (result) => {
        if (result.runId !== job.value.runId) return `a result is of the run ${result.runId}`;
        return outcomeFault({ ...result, epoch: 0 }, { request, epoch: 0 });
      },
      faulty: (reason) => links.fault(provider, `${record.id}: ${reason}`),
      refused: (reason) => failed(this.#moving.get(job), reason),
    });
    this.#hold(provider, [job.value.task]);
    const stubs = new KeptStubs(
      {
        job,
        provider,
        files,
        journal,
        points,
        durable,
        log,
        notes: () => this.#moving.get(job)?.notes ?? notes,
        end: (last, how) => this.#end(job, last, how),
      },
      record,
      of.files,
    );
    const run: MovingRun = new MovingRun({
      job,
      request,
      provider,
      record,
      host,
      stubs,
      links,
      timer,
      clock,
      notes,
      told: (note) => this.#tell(job, provider, note),
      changed: () => undefined,
      stalled: (stalling, why) => void this.#keepHere(stalling, 'priority', why),
      failed,
    });
    this.#moving.set(job, run);
    return run;
  }

  #tell({ value }: Job<PendingRun>, provider: string, { what, epoch, point, why }: Note): void {
    const place = what === 'kept-here' ? 'here' : what;
    if (place !== 'there' && place !== 'here' && place !== 'linked' && place !== 'link-lost') return;
    const { runId, task } = value;
    const moved = { runId, task: task.manifest.name, provider, what: place, epoch, point, why };
    this.#parts.observe({ kind: 'run-moved', ...moved });
  }

  /** Ends a run in one transaction with its effects. Resolves when that is on disk. */
  async #end(job: Job<PendingRun>, record: StubRecord, how: 'of-the-run' | 'cancelled'): Promise<void> {
    const { scheduler, end, durable } = this.#parts;
    const run = this.#moving.get(job);
    // Whoever else wants it to end now finds it ending: it ends once.
    if (run === undefined || this.#isEnding.has(job)) return;
    this.#isEnding.add(job);
    await run.host.idle;
    const { result } = record.content;
    const fuel = job.value.settledFuel ?? 0;
    if (how === 'of-the-run' && result !== undefined) run.ended(result.usage);
    const where = isExecutor(record.stub) ? {} : { where: run.provider };
    const settled = new Promise<void>((resolve) => this.#ending.set(job, resolve));
    scheduler.recall(job);
    scheduler.revive(job);
    end(job, how === 'of-the-run' && result !== undefined ? { ...result, ...where } : cancelledRun(job.value, fuel));
    await settled;
    this.#isEnding.delete(job);
    await durable();
  }

  async #keepHere(run: MovingRun, reason: ParkReason, why: string): Promise<boolean> {
    const { parking, log } = this.#parts;
    const { job, provider, id, stubs } = run;
    await run.close();
    if (this.#moving.get(job) !== run || this.#isEnding.has(job)) return false;
    const { last } = stubs;
    if (run.isCancelled || last.content.result !== undefined) {
      await this.#end(job, last, run.isCancelled ? 'cancelled' : 'of-the-run');
      return false;
    }
    run.note('kept-here', why);
    this.#leave(run);
    this.#links.send(provider, { id, task: last.task, message: { type: 'over' }, content: {} });
    const checkpoint = checkpointOf(run);
    if (checkpoint === undefined) parking.beginAnew(job, 'what was kept of it cannot be put together');
    try {
      if (checkpoint !== undefined) await parking.takeIn({ job, checkpoint }, reason);
      await stubs.forget();
    } catch (error) {
      log.debug({ err: error, id }, 'a stub that is of no use is left until the next start');
    }
    return true;
  }

  /** @param more Versions of runs that are about to move there. */
  #hold(provider: string, more: readonly DeployedTask[] = []): void {
    const moving = [...this.#moving.values()].filter((run) => run.provider === provider).map(({ job }) => job);
    const adopted = [...this.#adopted.values()].filter(({ move }) => move.provider === provider).map(({ job }) => job);
    const versions = [...moving, ...adopted].map(({ value }) => value.task);
    this.#links.hold(provider, [...new Set([...versions, ...more])]);
  }

  #leave(run: MovingRun): void {
    const { job } = run;
    run.leave();
    if (run.bytesPerMs !== undefined) this.#bytesPerMs.set(run.provider, run.bytesPerMs);
    this.#moving.delete(job);
    job.lane.cameBack();
    this.#hold(run.provider);
    this.#past.set(job.value.runId, viewOf(run));
    const [oldest] = this.#past.keys();
    if (this.#past.size > MIGRATION_BOUNDS.past && oldest !== undefined) this.#past.delete(oldest);
  }

  /** Goes on with a run of an earlier hub, or has the parking do so, when its stub is of no use. */
  async #resume(adopted: Adopted): Promise<void> {
    const { job, move } = adopted;
    const { files, points, log } = this.#parts;
    const { runId, point, task, attempt } = job.value;
    const text = readStub(move.stub);
    try {
      if (text === undefined) throw new Error('its stub cannot be read');
      if (move.fits !== fitsOf(task) || move.attempt !== attempt) throw new Error('its task is not what it was');
      const last = move.difference ?? move.anchor;
      const anchor = last === undefined ? undefined : await files.read(last);
      if (this.#isStopped) return;
      if (point !== undefined) points.adopt(job, point);
      job.value.point = undefined;
      const { stub, terms, why, result, notes } = text;
      const record = { id: move.id, task: task.manifest.name, stub, terms, why, content: { anchor, result } };
      const run = this.#enter(job, move.provider, { record, notes, files: filesOfMove(move, anchor) });
      // The application, and what the hub is under, may be others since.
      run.adapt(this.#termsOf(job));
      if (adopted.said !== undefined) run.receive(adopted.said);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ runId, reason }, 'a run moves no more');
      this.#parts.journal.write([{ reads: [], writes: [], dropsMove: move.place }], () => undefined);
      this.#adopted.delete(move.id);
      job.lane.cameBack();
      this.#parts.parking.adopt(job);
      this.#parts.scheduler.pump();
    } finally {
      this.#adopted.delete(move.id);
      this.#hold(move.provider);
    }
  }
}

/** What is on disk of a stub, whose last point is whole in memory: a file that is no part of that goes with the next point. */
function filesOfMove(
  { anchor, difference }: StoredMove,
  whole: Uint8Array | undefined,
): readonly { readonly bytes: Uint8Array; readonly digest: string }[] {
  const gone = new Uint8Array();
  const bytesOf = (digest: string): Uint8Array => (difference === undefined && digest === anchor && whole) || gone;
  const digests = [anchor, difference].filter((digest) => digest !== undefined);
  return digests.map((digest) => ({ digest, bytes: bytesOf(digest) }));
}

/** What a run goes on from here; undefined when its anchor and its difference do not make a whole. */
function checkpointOf(run: MovingRun): Uint8Array | undefined {
  try {
    return run.checkpoint;
  } catch (error) {
    if (error instanceof CheckpointFault) return undefined;
    throw error;
  }
}

function viewOf({ job, provider, notes, status, pointAtMs }: MovingRun): MigrationView {
  const { runId, task } = job.value;
  const point = pointAtMs === undefined ? {} : { pointAtMs };
  return { ...status, ...point, runId, task: task.manifest.name, provider, notes };
}

function no(reason: string): Answer {
  return { ok: false, reason };
}
