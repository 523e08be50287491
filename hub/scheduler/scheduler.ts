import { RUN_OVERHEAD_FUEL } from './limits.js';
import { expectFuel, pickNext } from './fair-share.js';
import { Lane, type Job, type LaneGate, type LaneOptions } from './lane.js';

export interface SchedulerOptions<T> {
  /** How many more runs could be started now without waiting behind others. */
  readonly slots: () => number;
  /** Starts a run. `finish` or `repeat` is called for it later, never from within. */
  readonly start: (job: Job<T>) => void;
  /** Which runs are not worth being started any more; without it, all are. */
  readonly expiry?: Expiry<T>;
  /** Where runs that take long may begin; without it, wherever others may. */
  readonly threads?: Threads;
}

/** What the threads are at, as far as it matters to runs that take long. */
interface Threads {
  /** Whether one is idle, and nobody else waits for it. */
  readonly haveRoom: () => boolean;
  /** Whether all are held by runs that take long: none comes free by waiting. */
  readonly areHeld: () => boolean;
}

interface Expiry<T> {
  /** Asked when a run would be started for the first time. */
  readonly isOver: (value: T) => boolean;
  /** Called for each that is not started for that reason, from within `pump`. */
  readonly drop: (value: T) => void;
}

const PRIORITIES = 10;

/**
 * Decides which run is started when there is room for one.
 *
 * Everything here is synchronous and in memory; it calls `start` from within
 * `pump` only.
 */
export class Scheduler<T> {
  readonly #options: SchedulerOptions<T>;
  /** Lanes with at least one ready job. */
  readonly #ready: Lane<T>[] = [];
  /** For each priority, the `usedFuel` of the lane that was picked last: where idle lanes start. */
  readonly #level: number[] = Array.from({ length: PRIORITIES }, () => 0);
  #waiting = 0;
  #running = 0;
  #parked = 0;
  /** Lanes whose runs may begin elsewhere. */
  #gated = 0;

  constructor(options: SchedulerOptions<T>) {
    this.#options = options;
  }

  /** Runs that wait, run, or are parked. */
  get runs(): number {
    return this.#waiting + this.#running + this.#parked;
  }

  /** Whether nothing runs, and nothing could be started: what there is waits for a parked run, or is held. */
  get isQuiet(): boolean {
    return this.#running === 0 && !this.#ready.some((lane) => lane.ready > 0);
  }

  createLane(options: LaneOptions): Lane<T> {
    if (options.gate !== undefined) this.#gated++;
    return new Lane<T>(options, (lane) => this.#laneReady(lane));
  }

  /** Queues a run. Call `pump` afterwards. @param replaceable See `Lane.submit`. */
  submit(lane: Lane<T>, key: string | undefined, value: T, replaceable?: string): void {
    this.#waiting++;
    lane.submit(key, value, replaceable);
  }

  /** Takes out the run of a lane that has waited longest, unless all have begun before. */
  dropOldest(lane: Lane<T>): { readonly value: T } | undefined {
    const dropped = lane.dropOldest();
    if (dropped !== undefined) this.#waiting--;
    return dropped;
  }

  /** Starts runs while there is room. */
  pump(): void {
    if (this.#ready.length === 0) return;
    // A runtime that is idle as a whole gets a run in any case: nothing else would call again.
    let slots = Math.max(this.#options.slots(), this.#running === 0 ? 1 : 0);
    while (slots > 0) {
      const lane = this.#next(this.#gated === 0 ? this.#ready : this.#ready.filter(mayBeginHere));
      if (lane === undefined) break;
      if (this.#startNext(lane)) slots--;
    }
    if (this.#gated > 0) this.#pumpElsewhere();
  }

  /** Starts runs that need no room here. */
  #pumpElsewhere(): void {
    for (;;) {
      const lane = pickNext(this.#ready.filter(({ gate }) => (gate?.()?.elsewhere ?? 0) > 0));
      if (lane === undefined) return;
      this.#startNext(lane);
    }
  }

  /** Whether a run of the lane was started: there may be none left that is worth it. */
  #startNext(lane: Lane<T>): boolean {
    const job = lane.take();
    if (lane.ready === 0) this.#unlist(lane);
    // All that the lane had was dropped since it became ready.
    if (job === undefined) return false;
    this.#waiting--;
    if (!job.begun && this.#options.expiry?.isOver(job.value) === true) {
      lane.discard(job);
      this.#options.expiry.drop(job.value);
      return false;
    }
    this.#charge(lane, job);
    lane.begin(job);
    this.#running++;
    this.#options.start(job);
    return true;
  }

  /** A run is over. Call `pump` afterwards. */
  finish(job: Job<T>, fuel: number): void {
    this.#running--;
    this.#settle(job, fuel);
    job.lane.finish(job);
  }

  /** A run goes again, before the others of its task. Call `pump` afterwards. */
  repeat(job: Job<T>, fuel: number): void {
    this.#running--;
    this.#waiting++;
    this.#settle(job, fuel);
    job.lane.repeat(job);
  }

  /** A run goes again later. Call `pump` afterwards. */
  park(job: Job<T>, fuel: number): void {
    this.#running--;
    this.#parked++;
    this.#settle(job, fuel);
    job.lane.park(job);
  }

  /** See `Lane.restore`. Call `pump` afterwards. */
  restore(lane: Lane<T>, key: string | undefined, value: T, replaceable?: string): Job<T> | undefined {
    const job = lane.restore(key, value, replaceable);
    if (job === undefined) this.#waiting++;
    else this.#parked++;
    return job;
  }

  /** A parked run goes on, before the others of its task. Call `pump` afterwards. */
  unpark(job: Job<T>): void {
    this.#parked--;
    this.#waiting++;
    job.lane.unpark(job);
  }

  /** A parked run does not go on. Call `pump` afterwards. @returns see `Lane.abandon`. */
  abandon(job: Job<T>): readonly Job<T>[] {
    this.#parked--;
    return job.lane.abandon(job);
  }

  /** See `Lane.takeBegun`. Call `pump` afterwards. */
  takeBegun(lane: Lane<T>): ReturnType<Lane<T>['takeBegun']> {
    const taken = lane.takeBegun();
    if (taken !== undefined) this.#waiting--;
    return taken;
  }

  /** A parked run that was to go on, and has not begun to, is parked again; one that is parked stays so. */
  recall(job: Job<T>): void {
    if (!job.lane.recall(job)) return;
    this.#waiting--;
    this.#parked++;
  }

  /** A parked run is over without going on: `finish` is to be called for it. */
  revive(job: Job<T>): void {
    this.#parked--;
    this.#running++;
    job.lane.revive(job);
  }

  /** Lanes of which a run could begin. */
  get wanting(): readonly Pick<Lane<T>, 'priority' | 'isLong'>[] {
    return this.#ready.filter((lane) => lane.ready > 0);
  }

  /**
   * The lane that goes next. A run that takes long waits for a thread that is idle: handed over in advance, it would be
   * in the way of what comes after it. So nothing less urgent begins either, and one is idle soon; unless all are held.
   */
  #next(ready: readonly Lane<T>[]): Lane<T> | undefined {
    const lane = pickNext(ready);
    const { threads } = this.#options;
    if (lane?.isLong !== true || threads === undefined || this.#running === 0 || threads.haveRoom()) return lane;
    return threads.areHeld() ? pickNext(ready.filter(({ isLong }) => !isLong)) : undefined;
  }

  #laneReady(lane: Lane<T>): void {
    lane.usedFuel = Math.max(lane.usedFuel, this.#level[lane.priority] ?? 0);
    lane.listed = true;
    this.#ready.push(lane);
  }

  #unlist(lane: Lane<T>): void {
    lane.listed = false;
    this.#ready.splice(this.#ready.indexOf(lane), 1);
  }

  /** Charges in advance, so that a lane cannot fill all slots before its first run ends. */
  #charge(lane: Lane<T>, job: Job<T>): void {
    this.#level[lane.priority] = lane.usedFuel;
    job.chargedFuel = lane.expectedFuel + RUN_OVERHEAD_FUEL;
    lane.usedFuel += job.chargedFuel;
  }

  #settle(job: Job<T>, fuel: number): void {
    const { lane } = job;
    lane.usedFuel += fuel + RUN_OVERHEAD_FUEL - job.chargedFuel;
    lane.expectedFuel = expectFuel(lane.expectedFuel, fuel);
  }
}

function mayBeginHere({ gate }: { readonly gate: (() => LaneGate | undefined) | undefined }): boolean {
  return gate?.()?.here !== false;
}
