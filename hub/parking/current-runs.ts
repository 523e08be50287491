import type { Runtime } from '../../runtime/index.js';
import type { ParkReason } from '../events.js';
import { HUB_BOUNDS } from '../limits.js';
import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import type { Timer } from '../timer.js';
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
   * `thread` and `own-thread`: it executes; `waiting`: it has begun, or is about to, and waits for a thread; `process`:
   * it is of a suspected task; `memory` and `disk`: it stands still.
   */
  readonly where: 'thread' | 'own-thread' | 'waiting' | 'process' | 'memory' | 'disk';
  /** Why it stands still. */
  readonly reason?: ParkReason;
  /** Whether it can stand still. */
  readonly resumable: boolean;
  /** At the last point that is known; 0 before one is. */
  readonly fuel: number;
  /** When the last point that is on disk was taken: milliseconds since 1970 (UTC). */
  readonly pointAtMs?: number;
  /** When it was last given to the runtime: milliseconds since 1970 (UTC). */
  readonly startedAtMs?: number;
}

export interface CurrentRunsParts {
  readonly runtime: Pick<Runtime, 'occupancy'>;
  readonly parking: Parking;
  readonly threads: Pick<ThreadLooks, 'out' | 'find'>;
  readonly timer: Timer;
}

/** The runs that go on, as a person sees them and has them stand still. */
export class CurrentRuns {
  readonly #parts: CurrentRunsParts;

  constructor(parts: CurrentRunsParts) {
    this.#parts = parts;
  }

  list(): readonly CurrentRun[] {
    const { runtime, parking, threads } = this.#parts;
    const { executing, waiting, apart } = runtime.occupancy;
    const places = new Map<string, CurrentRun['where']>([
      ...waiting.map(({ runId }) => [runId, 'waiting'] as const),
      ...executing.map(({ runId }) => [runId, 'thread'] as const),
      ...apart.map((runId) => [runId, 'own-thread'] as const),
    ]);
    const placeOf = (job: Job<PendingRun>): CurrentRun['where'] =>
      places.get(job.value.runId) ?? (job.value.task.installed.resumable === undefined ? 'process' : 'waiting');
    return [...new Set([...threads.out, ...parking.standing])].map((job) => this.#seen(job, placeOf(job)));
  }

  /** Has a run stand still until `resume`. Resolves when it does. */
  async park(runId: string): Promise<Answer> {
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
    const { parking } = this.#parts;
    const before = await parking.checkpoint(runId);
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

  #seen(job: Job<PendingRun>, where: CurrentRun['where']): CurrentRun {
    const { runId, task, event, attempt, startedAtMs } = job.value;
    const seen = this.#parts.parking.seen(job);
    return {
      runId,
      task: task.manifest.name,
      version: task.manifest.version,
      topic: event.topic,
      attempt,
      where: seen?.where ?? where,
      ...(seen?.reason === undefined ? {} : { reason: seen.reason }),
      resumable: task.installed.resumable !== undefined,
      fuel: seen?.fuel ?? 0,
      ...(seen?.pointAtMs === undefined ? {} : { pointAtMs: seen.pointAtMs }),
      ...(startedAtMs === undefined ? {} : { startedAtMs }),
    };
  }

  #isHere(runId: string): boolean {
    return this.#parts.threads.find(runId) !== undefined || this.#isStanding(runId);
  }

  #isStanding(runId: string): boolean {
    return this.#parts.parking.standing.some(({ value }) => value.runId === runId);
  }

  #refusal(runId: string): Answer | undefined {
    if (!this.#isHere(runId)) return noRun(runId);
    const task = this.#parts.threads.find(runId)?.value.task;
    if (task === undefined || task.installed.resumable !== undefined) return undefined;
    return no(`its task cannot stand still: "${task.manifest.name}" is not resumable (sterna inspect says why)`);
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
    const untilMs = timer.nowMs() + HUB_BOUNDS.parkMs;
    while (timer.nowMs() < untilMs && this.#isHere(runId)) {
      if (this.#isStanding(runId)) return true;
      await new Promise<void>((resolve) => void timer.after(HUB_BOUNDS.threadLookMs, resolve));
    }
    return false;
  }
}

function no(reason: string): Answer {
  return { ok: false, reason };
}

function noRun(runId: string): Answer {
  return no(`there is no run "${runId}" that has begun and is not over`);
}
