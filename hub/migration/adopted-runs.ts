import type { MigrationMessage } from '../../provider/protocol/migration/index.js';
import type { CheckpointFiles } from '../checkpoints/index.js';
import type { Journal } from '../journal/index.js';
import type { Logger } from '../log.js';
import { fitsOf, type KeptPoints, type Parking } from '../parking/index.js';
import type { PendingRun } from '../pending-run.js';
import { requestOf } from '../run-request.js';
import type { DeployedTask } from '../registry/index.js';
import type { Job, Scheduler } from '../scheduler/index.js';
import type { StoredMove } from '../store/index.js';
import type { Links } from './links.js';
import type { FirstStub } from './make-run.js';
import type { MovingRun } from './moving-run.js';
import { readStub } from './stub-text.js';
import { termsOf } from './terms.js';

export interface AdoptedRunsParts {
  readonly links: Pick<Links, 'prospects'>;
  readonly files: Pick<CheckpointFiles, 'read'>;
  readonly points: Pick<KeptPoints, 'adopt'>;
  readonly journal: Pick<Journal, 'write'>;
  readonly parking: Pick<Parking, 'adopt' | 'cancel' | 'taskChanged'>;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'pump'>;
  /** A run moves from now on. */
  readonly enter: (job: Job<PendingRun>, provider: string, stub: FirstStub) => MovingRun;
  /** Another version of the task of a run is in force, or none. */
  readonly overtaken: (run: MovingRun, task: DeployedTask | undefined) => void;
  /** Nobody counts on the provider of a run any more. */
  readonly abandoned: (run: MovingRun, reason: string) => void;
  /** The versions of which there are runs here have changed. */
  readonly changed: (provider: string) => void;
  readonly isStopped: () => boolean;
  /** Whether records of runs are kept. */
  readonly records: boolean;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

/** A run of an earlier hub whose checkpoints are not read yet. */
interface Adopted {
  readonly job: Job<PendingRun>;
  readonly move: StoredMove;
  /** The last that its provider has said of it on the link of now. */
  said: MigrationMessage | undefined;
  isCancelled: boolean;
  /** Set when another version of its task has come into force since, or none. */
  overtaken: { readonly by: DeployedTask | undefined } | undefined;
  /** Why nobody counts on its provider any more. */
  abandoned: string | undefined;
}

/** The runs that moved when an earlier hub ended, until what is on disk of them is read: what comes meanwhile is done then. */
export class AdoptedRuns {
  readonly #parts: AdoptedRunsParts;
  /** By the name of their migration. */
  readonly #runs = new Map<string, Adopted>();

  constructor(parts: AdoptedRunsParts) {
    this.#parts = parts;
  }

  get jobs(): readonly Job<PendingRun>[] {
    return [...this.#runs.values()].map(({ job }) => job);
  }

  /** Those of a provider. */
  with(provider: string): readonly Job<PendingRun>[] {
    return [...this.#runs.values()].filter(({ move }) => move.provider === provider).map(({ job }) => job);
  }

  /** @returns undefined when there is no such migration with that provider. */
  named(provider: string, id: string): Job<PendingRun> | undefined {
    const adopted = this.#runs.get(id);
    return adopted?.move.provider === provider ? adopted.job : undefined;
  }

  /** A run of an earlier hub is parked. `start` goes on with it. */
  add(job: Job<PendingRun>, move: StoredMove): void {
    const nothing = { said: undefined, isCancelled: false, overtaken: undefined, abandoned: undefined };
    this.#runs.set(move.id, { job, move, ...nothing });
  }

  /** All of them are here. */
  start(): void {
    for (const adopted of this.#runs.values()) {
      void this.#resume(adopted).catch((error: unknown) => this.#parts.log.error({ err: error }, 'a run stands still'));
    }
  }

  /** A provider says something. @returns whether it is about one of these. */
  received(provider: string, message: MigrationMessage): boolean {
    const adopted = this.#runs.get(message.id);
    // It is not said again soon.
    if (adopted?.move.provider === provider) adopted.said = message;
    return adopted !== undefined;
  }

  /** A run is to end without effect. @returns whether it is one of these. */
  cancel(runId: string): boolean {
    const found = this.#where(({ value }) => value.runId === runId);
    for (const adopted of found) adopted.isCancelled = true;
    return found.length > 0;
  }

  /** See `MovingRuns`. */
  stopKey(task: DeployedTask, key: string): void {
    for (const adopted of this.#where(({ value }) => value.task === task && value.key === key)) {
      adopted.isCancelled = true;
    }
  }

  /** Another version of a task is in force, or none. */
  taskChanged(name: string, by: DeployedTask | undefined): void {
    for (const adopted of this.#where(({ value: { task } }) => task.manifest.name === name && task !== by)) {
      adopted.overtaken = { by };
    }
  }

  /** The session with a provider is over. */
  lost(provider: string): void {
    for (const adopted of this.#runs.values()) if (adopted.move.provider === provider) adopted.said = undefined;
  }

  /** Nobody counts on a provider any more. */
  gone(provider: string, reason: string): void {
    for (const adopted of this.#runs.values()) if (adopted.move.provider === provider) adopted.abandoned = reason;
  }

  #where(is: (job: Job<PendingRun>) => boolean): readonly Adopted[] {
    return [...this.#runs.values()].filter(({ job }) => is(job));
  }

  /** Goes on with a run, or has the parking do so, when its stub is of no use. */
  async #resume(adopted: Adopted): Promise<void> {
    const { job, move } = adopted;
    const { links, files, points, enter, overtaken, abandoned, changed, isStopped, records } = this.#parts;
    const { point, task, attempt } = job.value;
    const text = readStub(move.stub);
    try {
      if (text === undefined) throw new Error('its stub cannot be read');
      if (move.fits !== fitsOf(task) || move.attempt !== attempt) throw new Error('its task is not what it was');
      const last = move.difference ?? move.anchor;
      const anchor = last === undefined ? undefined : await files.read(last);
      if (isStopped()) return;
      if (point !== undefined) points.adopt(job, point);
      job.value.point = undefined;
      const { stub, terms, why, result, notes } = text;
      const record = { id: move.id, task: task.manifest.name, stub, terms, why, content: { anchor, result } };
      const run = enter(job, move.provider, { record, notes, files: filesOfMove(move, anchor) });
      // The application, and what the hub is under, may be others since.
      run.adapt(termsOf(task, requestOf(job, records), links));
      if (adopted.said !== undefined) run.receive(adopted.said);
      if (adopted.overtaken !== undefined) overtaken(run, adopted.overtaken.by);
      if (adopted.isCancelled) run.cancel();
      if (adopted.abandoned !== undefined) abandoned(run, adopted.abandoned);
    } catch (error) {
      this.#giveUp(adopted, error instanceof Error ? error.message : String(error));
    } finally {
      this.#runs.delete(move.id);
      changed(move.provider);
    }
  }

  #giveUp({ job, move, isCancelled, overtaken }: Adopted, reason: string): void {
    const { journal, parking, scheduler, log } = this.#parts;
    const { runId, task } = job.value;
    log.warn({ runId, reason }, 'a run moves no more');
    journal.write([{ reads: [], writes: [], dropsMove: move.place }], () => undefined);
    this.#runs.delete(move.id);
    job.lane.cameBack();
    parking.adopt(job);
    if (overtaken !== undefined) parking.taskChanged(task.manifest.name, overtaken.by);
    if (isCancelled) parking.cancel(runId);
    scheduler.pump();
  }
}

/** What is on disk of a stub, whose last point is whole in memory: a file that is no part of that goes with the next point. */
function filesOfMove({ anchor, difference }: StoredMove, whole: Uint8Array | undefined): FirstStub['files'] {
  const gone = new Uint8Array();
  const bytesOf = (digest: string): Uint8Array => (difference === undefined && digest === anchor && whole) || gone;
  const digests = [anchor, difference].filter((digest) => digest !== undefined);
  return digests.map((digest) => ({ digest, bytes: bytesOf(digest) }));
}
