import type { MigrationMessage } from '../../provider/protocol/migration/index.js';
import { CheckpointFault, mostCheckpointBytes } from '../../runtime/index.js';
import type { CheckpointFiles } from '../checkpoints/index.js';
import { withinMs } from '../deadline.js';
import type { ParkReason } from '../observations.js';
import type { Logger } from '../log.js';
import type { Answer, KeptPoints, MovingRuns, Parking } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import type { DeployedTask } from '../registry/index.js';
import { requestOf } from '../run-request.js';
import type { Job, Scheduler } from '../scheduler/index.js';
import type { StoredMove } from '../store/index.js';
import { AdoptedRuns } from './adopted-runs.js';
import { DONE, no } from './answers.js';
import { Departures, type DeparturesParts } from './departures.js';
import { KnownRuns, type MigrationView } from './known-runs.js';
import { MIGRATION_BOUNDS } from './limits.js';
import { NO_LINKS, type Links, type Moves } from './links.js';
import { makeRun, type FirstStub, type RunMakerParts } from './make-run.js';
import type { MovingRun } from './moving-run.js';
import { RunEnds, type RunEndsParts } from './run-ends.js';

export interface MigrationsParts
  extends
    Pick<RunMakerParts, 'runtime' | 'journal' | 'durable' | 'timer' | 'clock' | 'records' | 'observe'>,
    Pick<DeparturesParts, 'find' | 'newId'>,
    Pick<RunEndsParts, 'end'> {
  /** @param moves told from now on. @returns undefined when all runs execute here. */
  readonly links: (moves: Moves) => Links | undefined;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'unpark' | 'recall' | 'revive' | 'pump'>;
  readonly parking: Pick<Parking, 'adopt' | 'cancel' | 'lend' | 'takeIn' | 'beginAnew' | 'seen' | 'taskChanged'>;
  readonly points: Pick<KeptPoints, 'of' | 'adopt'>;
  readonly files: Pick<CheckpointFiles, 'keep' | 'read' | 'remove'>;
  readonly log: Logger;
}

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
  readonly #maker: RunMakerParts;
  readonly #known = new KnownRuns();
  readonly #adopted: AdoptedRuns;
  readonly #departures: Departures;
  readonly #ends: RunEnds;
  #isStarted = false;
  #isStopped = false;

  constructor(parts: MigrationsParts) {
    this.#parts = parts;
    const links = parts.links(this) ?? NO_LINKS;
    const known = this.#known;
    const enter = (job: Job<PendingRun>, provider: string, stub: FirstStub): MovingRun =>
      this.#enter(job, provider, stub);
    const isStopped = (): boolean => this.#isStopped;
    this.#links = links;
    this.#ends = new RunEnds({ ...parts, known, leave: (run) => this.#leave(run) });
    this.#departures = new Departures({ ...parts, links, known, enter, isStopped });
    this.#adopted = new AdoptedRuns({
      ...parts,
      links,
      enter,
      isStopped,
      overtaken: (run, task) => this.#overtaken(run, task),
      abandoned: (run, reason) => this.#abandoned(run, reason),
      changed: (provider) => this.#hold(provider),
    });
    this.#maker = {
      ...parts,
      links,
      end: (job, last, how) => this.#ends.end(job, last, how),
      movingOf: (job) => known.get(job),
      stalled: (run, why) => this.#keepHereSoon(run, 'priority', why),
      failed: (run, reason) => this.#failed(run, reason),
    };
  }

  /** The providers. */
  get links(): Links {
    return this.#links;
  }

  /** Runs that move. */
  get jobs(): readonly Job<PendingRun>[] {
    return this.#known.all.map(({ job }) => job);
  }

  has(job: Job<PendingRun>): boolean {
    return this.#known.has(job);
  }

  stretchOf(job: Job<PendingRun>): ReturnType<MovingRuns['stretchOf']> {
    return this.#known.get(job)?.host.stretch;
  }

  /** Where a run is; undefined for one that has not moved, or that too many have moved since. */
  of(runId: string): MigrationView | undefined {
    return this.#known.viewOf(runId);
  }

  /** Bytes of the last point of a run that moves; undefined for any other. */
  pointBytes(runId: string): number | undefined {
    return this.#known.find(runId)?.pointBytes;
  }

  /** See `KnownRuns`. */
  bytesPerMs(provider: string): number | undefined {
    return this.#known.bytesPerMs(provider);
  }

  /** The point from which a run would go on here, if it moves. */
  checkpoint(runId: string): Uint8Array | undefined {
    return this.#known.find(runId)?.checkpoint;
  }

  /**
   * Has a run execute at a provider from its next point on, or here.
   * @param to The provider's name; undefined for this hub.
   * @param why In a sentence.
   */
  async migrate(runId: string, to: string | undefined, why: string): Promise<Answer> {
    const run = this.#known.find(runId);
    if (to === undefined) return run === undefined ? no(this.#whyNotHome(runId)) : this.#home(run, why);
    if (run === undefined) return this.#departures.begin(runId, to, why);
    const refusal = this.#departures.whyNot(run.job, to);
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
    const run = this.#known.find(runId);
    return run !== undefined && (await this.#keepHere(run, reason, why));
  }

  /** Runs that execute at a provider. */
  runsAt(provider: string): number {
    return this.#known.with(provider).filter(({ status }) => status.executes === 'provider').length;
  }

  /** Runs of a lane that the scheduler has as parked, as they execute elsewhere or are about to. */
  awayIn(lane: object): number {
    const away = this.#known.all.filter(({ host }) => host.stretch === undefined).map(({ job }) => job);
    const jobs = new Set([...away, ...this.#departures.standing, ...this.#adopted.jobs]);
    return [...jobs].filter((job) => job.lane === lane).length;
  }

  cancel(runId: string): boolean {
    const run = this.#known.find(runId);
    run?.cancel();
    return run !== undefined || this.#adopted.cancel(runId);
  }

  stopKey(task: DeployedTask, key: string): void {
    for (const run of this.#known.all) {
      const { value } = run.job;
      if (value.task === task && value.key === key) run.cancel();
    }
    this.#adopted.stopKey(task, key);
  }

  over(job: Job<PendingRun>, goesAgain: boolean): void {
    this.#ends.over(job, goesAgain);
  }

  /** Takes up a run that moved when an earlier hub ended, and is parked. `start` goes on with it. */
  adopt(job: Job<PendingRun>, move: StoredMove): void {
    this.#adopted.add(job, move);
    // Before there is a session: the provider is to have what the run may read, or nothing.
    this.#hold(move.provider);
  }

  /** All runs of an earlier hub are here. */
  start(): void {
    this.#isStarted = true;
    this.#adopted.start();
  }

  /** The tasks that a provider takes may be others. */
  changed(provider: string): void {
    for (const run of this.#known.with(provider)) this.#look(run);
  }

  unsent(id: string, reason: string): void {
    const run = this.#known.named(id);
    if (run !== undefined) this.#keepHereSoon(run, 'priority', `it cannot be sent: ${reason}`);
  }

  /** The session with a provider is over. */
  lost(provider: string): void {
    for (const run of this.#known.with(provider)) run.lost();
    this.#adopted.lost(provider);
  }

  refusal(runId: string, provider: string): string | undefined {
    return this.#departures.refusal(runId, provider);
  }

  begin(runId: string, provider: string, why: string): void {
    this.#departures.beginSoon(runId, provider, why);
  }

  /** What the hub is under has changed: what it wants of runs that are away may have, too. */
  adapted(): void {
    for (const run of this.#known.all) {
      const { job } = run;
      this.#look(run);
      run.adapt(this.#links.prospects(job.value.task, requestOf(job, this.#parts.records)));
    }
  }

  gone(provider: string, reason: string): void {
    for (const run of this.#known.with(provider)) this.#abandoned(run, reason);
    this.#adopted.gone(provider, reason);
  }

  mostBytes(provider: string, id: string): number | undefined {
    const job = this.#adopted.named(provider, id) ?? this.#movingWith(provider, id)?.job;
    return job && mostCheckpointBytes(job.value.task.manifest);
  }

  received(provider: string, message: MigrationMessage): void {
    const { id, task } = message;
    if (!this.#isStarted || this.#isStopped || this.#adopted.received(provider, message)) return;
    const run = this.#movingWith(provider, id);
    if (run !== undefined) return run.receive(message);
    if (message.message.type === 'over') return;
    this.#links.send(provider, { id, task, message: { type: 'over' }, content: {} });
  }

  /** What waits for its turn here of a version is not to be taken for runs that go again from their beginning. */
  hold(task: DeployedTask): void {
    for (const { job, host } of this.#known.all) if (job.value.task === task) host.hold();
  }

  /** Another version of a task is in force, or none: see `Parking.taskChanged`. */
  taskChanged(name: string, task: DeployedTask | undefined): void {
    for (const run of this.#known.all) {
      const { job, host } = run;
      host.goOn();
      if (job.value.task.manifest.name === name && job.value.task !== task) this.#overtaken(run, task);
    }
    this.#adopted.taskChanged(name, task);
  }

  /** Executes nothing any more. Resolves when the stubs are what the next start is to find. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const closed = Promise.all(this.#known.all.map((run) => run.close()));
    await withinMs(MIGRATION_BOUNDS.closeMs, closed);
  }

  #movingWith(provider: string, id: string): MovingRun | undefined {
    const run = this.#known.named(id);
    return run?.provider === provider ? run : undefined;
  }

  #whyNotHome(runId: string): string {
    const whole = this.#links.wholeAt(runId);
    if (whole === undefined) return 'it executes here already';
    return `it began at the provider ${whole}, which executes it as a whole: "sterna explain ${runId}" says why`;
  }

  #overtaken(run: MovingRun, task: DeployedTask | undefined): void {
    const policy = task?.manifest.resumable?.onNewVersion ?? 'finish-on-old';
    if (policy === 'cancel') run.cancel();
    else if (policy === 'restart-on-new') {
      this.#keepHereSoon(run, 'new-version', 'it begins anew on another version of its task');
    } else run.outlives(task?.manifest.version);
  }

  #abandoned(run: MovingRun, reason: string): void {
    this.#keepHereSoon(run, 'priority', `${run.provider} is not used any more: ${reason}`);
  }

  async #home(run: MovingRun, why: string): Promise<Answer> {
    if (run.status.executes === 'provider' && !run.isLinked) {
      await this.#keepHere(run, 'priority', `${why}, and ${run.provider} is not heard`);
      return DONE;
    }
    run.want('hub', why);
    return DONE;
  }

  /** A run moves from now on. */
  #enter(job: Job<PendingRun>, provider: string, stub: FirstStub): MovingRun {
    this.#hold(provider, [job.value.task]);
    const run = makeRun(this.#maker, { job, provider }, stub);
    this.#known.add(run);
    this.#look(run);
    return run;
  }

  /** One that is not to be at its provider is not waited for: it goes on here, and the provider is told. */
  #look(run: MovingRun): void {
    const why = this.#links.recalls(run.provider, run.job.value.task);
    if (why === undefined) run.look();
    else this.#keepHereSoon(run, 'priority', why);
  }

  #leave(run: MovingRun): void {
    run.leave();
    this.#known.remove(run);
    run.job.lane.cameBack();
    this.#hold(run.provider);
  }

  #failed(run: MovingRun, reason: string): void {
    const { job } = run;
    if (this.#known.get(job) !== run || this.#isStopped) return;
    this.#parts.log.warn({ runId: job.value.runId, reason }, 'a run moves no more');
    this.#keepHereSoon(run, 'priority', reason);
  }

  #keepHereSoon(run: MovingRun, reason: ParkReason, why: string): void {
    this.#keepHere(run, reason, why).catch((error: unknown) => {
      this.#parts.log.error({ err: error, id: run.id }, 'a run that moves is not kept here');
    });
  }

  async #keepHere(run: MovingRun, reason: ParkReason, why: string): Promise<boolean> {
    const { parking, log } = this.#parts;
    const { job, provider, id, stubs } = run;
    await run.close();
    if (this.#known.get(job) !== run || this.#ends.isEnding(job)) return false;
    const { last } = stubs;
    if (run.isCancelled || last.content.result !== undefined) {
      await this.#ends.end(job, last, run.isCancelled ? 'cancelled' : 'of-the-run');
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

  /** Tells of which versions a provider has runs. @param more Versions of runs that are about to move there. */
  #hold(provider: string, more: readonly DeployedTask[] = []): void {
    const moving = this.#known.with(provider).map(({ job }) => job);
    const versions = [...moving, ...this.#adopted.with(provider)].map(({ value }) => value.task);
    this.#links.hold(provider, [...new Set([...versions, ...more])]);
  }
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
