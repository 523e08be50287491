import type { Occupancy, Runtime } from '../../runtime/index.js';
import type { Observer } from '../observations.js';
import { PARKING_BOUNDS } from './limits.js';
import type { PendingRun } from '../pending-run.js';
import type { Job, Scheduler } from '../scheduler/index.js';
import type { Timer } from '../timer.js';
import type { Parking } from './parking.js';
import { whoLeaves, type Holder, type Move, type Need } from './who-leaves.js';

export interface ThreadLooksParts {
  readonly runtime: Pick<Runtime, 'occupancy' | 'setApart'>;
  readonly scheduler: Pick<Scheduler<PendingRun>, 'wanting' | 'pump'>;
  readonly parking: Pick<Parking, 'executing' | 'loading' | 'parks' | 'isLeaving' | 'park'>;
  /** Of the runs that take long, those that execute elsewhere. Default: none. */
  readonly elsewhere?: () => number;
  readonly timer: Timer;
  readonly observe: Observer;
}

/** Looks who has the threads while runs are under way, and makes room for those that wait. */
export class ThreadLooks {
  readonly #parts: ThreadLooksParts;
  /** Runs that the runtime has, by id. */
  readonly #out = new Map<string, Job<PendingRun>>();
  /** Since when each of those that execute was seen to, by the monotonic clock. */
  #since = new Map<string, number>();
  /** Runs that have held a thread before: nobody waits to see that they take long. */
  readonly #long = new WeakSet<Job<PendingRun>>();
  #areHeld = false;
  #takeBack: (() => void) | undefined;
  #isSoon = false;
  #stopped = false;

  constructor(parts: ThreadLooksParts) {
    this.#parts = parts;
  }

  /** Runs that the runtime has. */
  get out(): readonly Job<PendingRun>[] {
    return [...this.#out.values()];
  }

  find(runId: string): Job<PendingRun> | undefined {
    return this.#out.get(runId);
  }

  /** A run was given to the runtime. */
  began(job: Job<PendingRun>): void {
    this.#out.set(job.value.runId, job);
    this.#takeBack ??= this.#parts.timer.after(PARKING_BOUNDS.threadLookMs, () => this.#lookAgain());
    if (this.#parts.parking.executing > 0) this.#lookSoon();
  }

  /** The runtime has it no more. */
  left({ value }: Job<PendingRun>): void {
    this.#out.delete(value.runId);
  }

  /** Whether a thread is idle for a run that takes long. As many of those as there are threads go at once. */
  haveRoom(): boolean {
    const { runtime, parking, elsewhere = () => 0 } = this.#parts;
    const { threads, idle, waiting } = runtime.occupancy;
    return parking.executing - elsewhere() < threads && idle - waiting.length - parking.loading > 0;
  }

  /** Whether all threads were held by runs that take long, at the last look. */
  areHeld(): boolean {
    return this.#areHeld;
  }

  stop(): void {
    this.#stopped = true;
    this.#takeBack?.();
  }

  #lookAgain(): void {
    this.#takeBack = undefined;
    if (this.#stopped) return;
    this.#look();
    this.#parts.scheduler.pump();
    if (this.#out.size === 0 && this.#parts.scheduler.wanting.length === 0) return;
    this.#takeBack ??= this.#parts.timer.after(PARKING_BOUNDS.threadLookMs, () => this.#lookAgain());
  }

  /** When the runtime has handed out what it was given in this turn of the event loop. */
  #lookSoon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    setImmediate(() => {
      this.#isSoon = false;
      if (!this.#stopped) this.#look();
    });
  }

  #look(): void {
    const { runtime } = this.#parts;
    const { occupancy } = runtime;
    const holders = this.#holders(occupancy);
    this.#areHeld = holders.length >= occupancy.threads;
    if (holders.length === 0) return;
    const { threads } = occupancy;
    const move = whoLeaves({
      threads,
      holders,
      needs: this.#needs(occupancy),
      ownThreadMs: PARKING_BOUNDS.ownThreadMs,
    });
    if (move !== undefined) this.#make(move);
  }

  #holders({ executing }: Occupancy): Holder[] {
    const { timer, parking } = this.#parts;
    const nowMs = timer.nowMs();
    const since = new Map<string, number>();
    const holders: Holder[] = [];
    for (const { runId, thread } of executing) {
      const job = this.#out.get(runId);
      const sinceMs = this.#since.get(runId) ?? nowMs;
      since.set(runId, sinceMs);
      if (job === undefined) continue;
      const heldMs = nowMs - sinceMs;
      if (heldMs < PARKING_BOUNDS.heldMs && !this.#long.has(job)) continue;
      this.#long.add(job);
      const { priority } = job.lane;
      holders.push({ runId, thread, priority, heldMs, parks: parking.parks(job), isLeaving: parking.isLeaving(job) });
    }
    this.#since = since;
    return holders;
  }

  #needs({ waiting }: Occupancy): Need[] {
    const needs: Need[] = [];
    for (const { runId, thread } of waiting) {
      const lane = this.#out.get(runId)?.lane;
      if (lane !== undefined) needs.push({ priority: lane.priority, isLong: lane.isLong, thread });
    }
    for (const { priority, isLong } of this.#parts.scheduler.wanting)
      needs.push({ priority, isLong, thread: undefined });
    return needs;
  }

  #make({ kind, runId }: Move): void {
    const { runtime, parking, observe, timer } = this.#parts;
    if (kind === 'park') {
      parking.park(runId, 'priority');
      return;
    }
    const task = this.#out.get(runId)?.value.task.manifest.name ?? '';
    const heldMs = timer.nowMs() - (this.#since.get(runId) ?? timer.nowMs());
    if (runtime.setApart(runId)) observe({ kind: 'run-set-apart', runId, task, heldMs });
  }
}
