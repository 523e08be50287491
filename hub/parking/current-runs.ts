import type { MigrationStatus } from '../../provider/protocol/migration/index.js';
import type { Runtime } from '../../runtime/index.js';
import type { ParkReason } from '../observations.js';
import { PARKING_BOUNDS } from './limits.js';
import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import type { Timer } from '../timer.js';
import { notResumable } from './not-resumable.js';
import type { Answer, Parking } from './parking.js';
import type { ThreadLooks } from './thread-looks.js';

/** A run that has begun and is not over. */
export interface CurrentRun {
  readonly runId: string;
  readonly task: string;
  readonly version: string;
  readonly topic: string;
  readonly attempt: number;
  /**
   * `thread` and `own-thread`: it executes; `waiting`: it has begun, or is about to, and waits for a thread, or for
   * what `waitsFor` says; `process`: it is of a suspected task; `memory` and `disk`: it stands still; `provider`: it has moved there, or executes there
   * as a whole.
   */
  readonly where: 'thread' | 'own-thread' | 'waiting' | 'process' | 'memory' | 'disk' | 'provider';
  /** The provider between which and this hub it moves, or that executes it as a whole. */
  readonly provider?: string;
  /** How it stands with one that moves. */
  readonly moving?: Moving;
  /** Why no provider executes it, which alone may. */
  readonly waitsFor?: string;
  /** Why it stands still. */
  readonly reason?: ParkReason;
  /** Whether it can stand still. */
  readonly resumable: boolean;
  /** At the last point that is known; 0 before one is. */
  readonly fuel: number;
  /** When the last point that is on disk was taken, or of one that moves its last point: milliseconds since 1970 (UTC). */
  readonly pointAtMs?: number;
  /** When it was last given to the runtime: milliseconds since 1970 (UTC). */
  readonly startedAtMs?: number;
}

type Moving = Pick<MigrationStatus, 'epoch' | 'point' | 'lag' | 'mode' | 'responsible' | 'isLinked'>;

/** Runs that move between this hub and a provider. */
interface Migrations {
  readonly jobs: readonly Job<PendingRun>[];
  of(
    runId: string,
  ):
    | (Pick<MigrationStatus, 'executes' | 'fuel'> & Moving & { readonly provider: string; readonly pointAtMs?: number })
    | undefined;
  /** The providers, as far as runs that execute there as a whole are looked at. */
  readonly links: { wholeAt(runId: string): string | undefined; waitsFor(runId: string): string | undefined };
  checkpoint(runId: string): Uint8Array | undefined;
  keepHere(runId: string, reason: ParkReason, why: string): Promise<boolean>;
}

export interface CurrentRunsParts {
  readonly runtime: Pick<Runtime, 'occupancy'>;
  readonly parking: Parking;
  readonly threads: Pick<ThreadLooks, 'out' | 'find'>;
  readonly migrations: Migrations;
  readonly timer: Timer;
}

/** The runs that go on, as a person sees them and has them stand still. */
export class CurrentRuns {
  readonly #parts: CurrentRunsParts;

  constructor(parts: CurrentRunsParts) {
    this.#parts = parts;
  }

  list(): readonly CurrentRun[] {
    const { runtime, parking, threads, migrations } = this.#parts;
    const { executing, waiting, apart } = runtime.occupancy;
    const places = new Map<string, CurrentRun['where']>([
      ...waiting.map(({ runId }) => [runId, 'waiting'] as const),
      ...executing.map(({ runId }) => [runId, 'thread'] as const),
      ...apart.map((runId) => [runId, 'own-thread'] as const),
    ]);
    const placeOf = (job: Job<PendingRun>): CurrentRun['where'] =>
      places.get(job.value.runId) ?? (job.value.task.installed.resumable === undefined ? 'process' : 'waiting');
    return [...new Set([...threads.out, ...parking.standing, ...migrations.jobs])].map((job) =>
      this.#seen(job, placeOf(job)),
    );
  }

  /** Has a run stand still until `resume`. Resolves when it does. */
  async park(runId: string): Promise<Answer> {
    const moving = this.#moving(runId);
    if (moving !== undefined) return this.#parkMoving(runId, moving);
    const asked = this.#refusal(runId) ?? this.#parts.parking.park(runId, 'by-hand');
    return asked.ok ? this.#stood(runId, 'by-hand') : asked;
  }

  resume(runId: string): Answer {
    return this.#refusal(runId) ?? this.#parts.parking.resume(runId);
  }

  cancel(runId: string): Answer {
    return this.#isHere(runId) ? this.#parts.parking.cancel(runId) : noRun(runId);
  }

  /** A checkpoint of a run: one that executes stands still for a moment. */
  async checkpoint(runId: string): Promise<Uint8Array | Answer> {
    const { parking, migrations } = this.#parts;
    // Of one that moves, the last point that is here.
    const before = migrations.checkpoint(runId) ?? (await parking.checkpoint(runId));
    if (before !== undefined) return before;
    const asked = this.#refusal(runId) ?? parking.park(runId, 'saving');
    const stands = asked.ok ? await this.#stood(runId, 'saving') : asked;
    if (!stands.ok) return stands;
    try {
      return (await parking.checkpoint(runId)) ?? no('it has just gone on');
    } finally {
      // Unless somebody has parked it meanwhile.
      parking.resume(runId, 'saving');
    }
  }

  /** One that is here stands still, and moves no more. */
  async #parkMoving(runId: string, { executes, provider }: { executes: string; provider: string }): Promise<Answer> {
    if (executes === 'provider') {
      return no(`it executes at the provider ${provider}: first bring it home (sterna migrate ${runId} --home)`);
    }
    const parked = await this.#parts.migrations.keepHere(runId, 'by-hand', 'it was parked by hand');
    return parked ? { ok: true } : no('it has just ended');
  }

  #moving(runId: string): ReturnType<Migrations['of']> {
    const { migrations } = this.#parts;
    return migrations.jobs.some(({ value }) => value.runId === runId) ? migrations.of(runId) : undefined;
  }

  #seen(job: Job<PendingRun>, place: CurrentRun['where']): CurrentRun {
    const { runId, task, event, attempt, startedAtMs } = job.value;
    const seen = this.#parts.parking.seen(job);
    const moving = this.#moving(runId);
    const whole = moving === undefined ? this.#parts.migrations.links.wholeAt(runId) : undefined;
    const waitsFor = moving === undefined ? this.#parts.migrations.links.waitsFor(runId) : undefined;
    const isThere = moving?.executes === 'provider' || whole !== undefined;
    const where = isThere ? 'provider' : waitsFor === undefined ? place : 'waiting';
    const provider = moving?.provider ?? whole;
    const pointAtMs = moving?.pointAtMs ?? seen?.pointAtMs;
    return {
      runId,
      task: task.manifest.name,
      version: task.manifest.version,
      topic: event.topic,
      attempt,
      where: seen?.where ?? where,
      ...(provider === undefined ? {} : { provider }),
      ...(moving === undefined ? {} : { moving: movingOf(moving) }),
      ...(waitsFor === undefined ? {} : { waitsFor }),
      ...(seen?.reason === undefined ? {} : { reason: seen.reason }),
      resumable: task.installed.resumable !== undefined,
      fuel: Math.max(seen?.fuel ?? 0, moving?.fuel ?? 0),
      ...(pointAtMs === undefined ? {} : { pointAtMs }),
      ...(startedAtMs === undefined ? {} : { startedAtMs }),
    };
  }

  #isHere(runId: string): boolean {
    const isMoving = this.#moving(runId) !== undefined;
    return isMoving || this.#parts.threads.find(runId) !== undefined || this.#isStanding(runId);
  }

  #isStanding(runId: string): boolean {
    return this.#parts.parking.standing.some(({ value }) => value.runId === runId);
  }

  #refusal(runId: string): Answer | undefined {
    if (!this.#isHere(runId)) return noRun(runId);
    const task = this.#parts.threads.find(runId)?.value.task;
    if (task === undefined || task.installed.resumable !== undefined) return undefined;
    return no(notResumable(task.manifest.name));
  }

  /** Waits until a run stands still that was asked to. One that does not goes on, also when it could later. */
  async #stood(runId: string, reason: ParkReason): Promise<Answer> {
    if (await this.#stands(runId)) return { ok: true };
    this.#parts.parking.resume(runId, reason);
    return no('it ended, or came to no point at which it can stand still');
  }

  /** Resolves with whether the run stands still within `parkMs`. */
  async #stands(runId: string): Promise<boolean> {
    const { timer } = this.#parts;
    const untilMs = timer.nowMs() + PARKING_BOUNDS.parkMs;
    while (timer.nowMs() < untilMs && this.#isHere(runId)) {
      if (this.#isStanding(runId)) return true;
      await new Promise<void>((resolve) => void timer.after(PARKING_BOUNDS.threadLookMs, resolve));
    }
    return false;
  }
}

function movingOf({ epoch, point, lag, mode, responsible, isLinked }: Moving): Moving {
  return { epoch, point, lag, mode, responsible, isLinked };
}

function no(reason: string): Answer {
  return { ok: false, reason };
}

function noRun(runId: string): Answer {
  return no(`there is no run "${runId}" that has begun and is not over`);
}
