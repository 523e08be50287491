import fastq from 'fastq';
import { Fifo, KeyOrder, Line, ReleaseOrder, type Place } from '../queue/index.js';
import { ConcurrencyGovernor } from './concurrency-governor.js';

export interface LaneOptions {
  /** 0 to 9; 9 is most urgent. */
  readonly priority: number;
  /** Most runs at once; undefined for no bound besides the runtime's own. */
  readonly concurrency: number | undefined;
  /**
   * What order among runs of one key means. `start`: one at a time. `end`: they
   * may overlap and end in order, which for a task without state is the same to
   * see, and lets a busy key use more than one thread.
   */
  readonly order: 'start' | 'end';
  /** Its runs take long and can stand still: they begin only where a thread is idle. Default: false. */
  readonly isLong?: boolean;
  /** How many of its parked runs execute elsewhere: they count among those at once. Default: none. */
  readonly away?: ((lane: object) => number) | undefined;
  /** Where its runs may begin now, of which so many could; without it, or where it answers undefined, here and nowhere else. */
  readonly gate?: ((ready: number) => LaneGate | undefined) | undefined;
}

export interface LaneGate {
  /** Whether a run may begin here. */
  readonly here: boolean;
  /** Runs that may begin elsewhere, whether or not there is room here. */
  readonly elsewhere: number;
}

/** One run on its way through the scheduler. */
export interface Job<T> {
  readonly lane: Lane<T>;
  readonly key: string | undefined;
  /** Grows with each job that came to the lane. */
  readonly number: number;
  /** Changes while the job waits, if it may be replaced. */
  value: T;
  /** What it may be replaced by: a job with the same. */
  readonly replaceable: string | undefined;
  /** Fuel that was charged to the lane in advance. */
  chargedFuel: number;
  /** Whether it has been executed before. */
  begun: boolean;
  /** Whether it was let start by a bound of `admit`. */
  probe: boolean;
  /** Whether it has a place among those of its key that end in order. */
  ordered: boolean;
  /** Gives the lane's slot back; set while the job has one. */
  release: fastq.done;
  /** Among all that have not begun. */
  arrival: Place<Job<T>> | undefined;
  /** Among those whose key is free. */
  turn: Place<Job<T>> | undefined;
}

/**
 * The runs of one task.
 *
 *   submit -> waits for its key -> waits for its turn -> take -> begin -> runs -> finish, repeat, or park
 *                                                            -> discard
 *   park -> unpark -> waits for its turn, before all others -> take
 *        -> abandon                                         -> takeBegun
 *        -> revive -> finish
 * unpark -> recall: parked again
 *
 * The key is held from when it is free to `finish`, `discard` or `abandon`; `repeat`
 * and `park` keep it. A slot of the lane is held from `take` on. For each job that waits for
 * its turn one ticket waits for a slot (fastq), or has one; tickets are alike,
 * so that a job can be dropped wherever it waits: its ticket, which fastq
 * cannot take back, is then spare, and the next job's.
 */
export class Lane<T> {
  readonly priority: number;
  readonly gate: (() => LaneGate | undefined) | undefined;
  /** See `LaneOptions`. */
  readonly isLong: boolean;
  /** See `fair-share.ts`; kept by the scheduler. */
  usedFuel = 0;
  /** What the next run is expected to use. */
  expectedFuel = 0;
  /** Whether the scheduler knows that the lane is ready; kept by the scheduler. */
  listed = false;
  readonly #startOrder = new KeyOrder<Job<T>>();
  readonly #endOrder: ReleaseOrder<Job<T>> | undefined;
  readonly #arrivals = new Line<Job<T>>();
  readonly #turns = new Line<Job<T>>();
  readonly #replaceable = new Map<string, Job<T>>();
  readonly #slots: fastq.queue<undefined>;
  readonly #granted = new Fifo<fastq.done>();
  #spareTickets = 0;
  readonly #governor: ConcurrencyGovernor;
  /** How many more may run at once, by what the manifest says. */
  readonly #free: () => number;
  readonly #becameReady: (lane: Lane<T>) => void;
  /** Parked jobs of each key, where order is of the ends: others of the key do not begin then, and wait in `#startOrder`. */
  readonly #blocked = new Map<string, number>();
  /** How many more jobs may be taken. */
  #admitted = Infinity;
  #waiting = 0;
  #running = 0;
  #parked = 0;
  #holds = 0;
  #jobs = 0;

  /** @param becameReady Called when there is a ready job and the lane is not listed. */
  constructor(options: LaneOptions, becameReady: (lane: Lane<T>) => void) {
    this.priority = options.priority;
    const { gate } = options;
    this.gate = gate && (() => gate(this.ready));
    this.isLong = options.isLong ?? false;
    this.#endOrder = options.order === 'end' ? new ReleaseOrder() : undefined;
    this.#becameReady = becameReady;
    const { concurrency, away = () => 0 } = options;
    this.#free = concurrency === undefined ? () => Infinity : () => concurrency - this.#running - away(this);
    this.#governor = new ConcurrencyGovernor(concurrency ?? Infinity);
    this.#slots = fastq((_ticket: undefined, done: fastq.done) => this.#gotSlot(done), this.#governor.allowed);
  }

  /** Jobs that do not run yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Jobs that have run, and are to run again later. */
  get parked(): number {
    return this.#parked;
  }

  /** Whether no job waits or runs. */
  get isIdle(): boolean {
    return this.#waiting + this.#running + this.#parked === 0;
  }

  /** What has waited longest, of all that has not begun. */
  get oldest(): T | undefined {
    return this.#arrivals.first()?.value;
  }

  /** Whether a job waits that has not begun, and that is so. */
  hasWaiting(is: (value: T) => boolean): boolean {
    return this.#arrivals.has(({ value }) => is(value));
  }

  /** Lets nothing begin until `release` was called as often. */
  hold(): void {
    this.#holds++;
  }

  /** Pump the scheduler afterwards. */
  release(): void {
    this.#holds--;
    this.#announce();
  }

  /** Jobs that `take` could answer with. */
  get ready(): number {
    if (this.#holds > 0) return 0;
    return Math.max(0, Math.min(this.#turns.length, this.#granted.length, this.#admitted, this.#free()));
  }

  /** Lets only so many more jobs start, of which each is a probe; Infinity for no bound, and 0 to hold them all. */
  admit(jobs: number): void {
    this.#admitted = jobs;
    this.#announce();
  }

  /** Whether a job of the key waits or runs. Only in a lane whose order is `start`. */
  isBusy(key: string): boolean {
    return this.#startOrder.isHeld(key);
  }

  /** @param replaceable What `replace` finds the job by until it begins. */
  submit(key: string | undefined, value: T, replaceable?: string): void {
    const job = this.#jobOf(key, value, replaceable);
    this.#waiting++;
    job.arrival = this.#arrivals.push(job);
    if (replaceable !== undefined) this.#replaceable.set(replaceable, job);
    const free = key === undefined || this.#endOrder !== undefined || this.#startOrder.enter(key, job);
    if (free) this.#awaitTurn(job);
  }

  /**
   * Takes in a job that ran and was parked in an earlier process. Those of its key that are submitted later wait for it.
   * @returns undefined when its key is taken, as keys are made otherwise now: then it is submitted as if it had not run.
   */
  restore(key: string | undefined, value: T, replaceable?: string): Job<T> | undefined {
    const job = this.#jobOf(key, value, replaceable);
    if (key !== undefined && this.#endOrder === undefined) {
      if (this.#startOrder.isHeld(key)) {
        this.submit(key, value, replaceable);
        return undefined;
      }
      this.#startOrder.enter(key, job);
    }
    job.begun = true;
    this.#parked++;
    this.#takePlace(job);
    this.#block(job);
    return job;
  }

  /** Whether a job waits that `replace` would find. */
  isReplaceable(replaceable: string): boolean {
    return this.#replaceable.has(replaceable);
  }

  /** Puts a value in the place of one that waits. @returns that one, or undefined when none does. */
  replace(replaceable: string, value: T): T | undefined {
    const job = this.#replaceable.get(replaceable);
    if (job === undefined) return undefined;
    const before = job.value;
    job.value = value;
    return before;
  }

  /** Takes out the job that has waited longest and has not begun. @returns its value. */
  dropOldest(): { readonly value: T } | undefined {
    const job = this.#arrivals.first();
    if (job === undefined) return undefined;
    this.#waiting--;
    this.#leaveArrivals(job);
    if (job.turn !== undefined) {
      this.#turns.remove(job.turn);
      job.turn = undefined;
      this.#spareTickets++;
      this.#leaveKey(job);
    } else if (job.key !== undefined) {
      // The oldest of all is the oldest of its key.
      this.#startOrder.drop(job.key);
    }
    return { value: job.value };
  }

  /** The next ready job. `begin` or `discard` follows. */
  take(): Job<T> | undefined {
    const job = this.#nextTurn();
    const release = job === undefined ? undefined : this.#granted.shift();
    if (job === undefined || release === undefined) return undefined;
    job.release = release;
    job.probe = this.#admitted !== Infinity;
    this.#admitted--;
    this.#waiting--;
    this.#leaveArrivals(job);
    return job;
  }

  /** The job that was taken runs from now on. */
  begin(job: Job<T>): void {
    job.begun = true;
    this.#running++;
    this.#takePlace(job);
  }

  /** The job that was taken does not run. */
  discard(job: Job<T>): void {
    job.release(null);
    this.#leaveKey(job);
    this.#admitInstead(job);
  }

  /** A job has run. Pump the scheduler when it is none of the answer. @returns those that are to be finished now, in order: not this one while an earlier one runs. */
  ended(job: Job<T>): readonly Job<T>[] {
    if (job.key === undefined || this.#endOrder === undefined || !job.ordered) return [job];
    const ended = this.#endOrder.end(job.key, job);
    for (const one of ended) one.ordered = false;
    // It waits for an earlier one, which may itself wait to be let start.
    if (job.ordered) this.#admitInstead(job);
    return ended;
  }

  /** Lets go of a job that ran. */
  finish(job: Job<T>): void {
    this.#running--;
    this.#govern(this.#governor.succeeded());
    job.release(null);
    this.#leaveKey(job);
    this.#announce();
  }

  /** Fewer of its runs may be away than before. Pump the scheduler afterwards. */
  cameBack(): void {
    this.#announce();
  }

  /** Puts a job that ran in vain before all that wait for a slot, and lets fewer run at once. */
  repeat(job: Job<T>): void {
    this.#govern(this.#governor.collided(this.#running));
    this.#running--;
    this.#waiting++;
    const { release } = job;
    job.turn = this.#turns.unshift(job);
    this.#addTicket();
    release(null);
    this.#admitInstead(job);
  }

  /** Sets a job aside that ran, until `unpark` or `abandon`: others have its slot, and nobody its key. */
  park(job: Job<T>): void {
    this.#running--;
    this.#parked++;
    this.#block(job);
    const { release } = job;
    job.release = noSlot;
    release(null);
    this.#admitInstead(job);
    this.#announce();
  }

  /** A job that is parked goes on, before all that wait for a slot. */
  unpark(job: Job<T>): void {
    this.#parked--;
    this.#waiting++;
    this.#unblock(job);
    job.turn = this.#turns.unshift(job);
    this.#addTicket();
  }

  /** A job that was to go on, and has not yet, is parked again. @returns whether it was one. */
  recall(job: Job<T>): boolean {
    if (job.turn === undefined) return false;
    this.#turns.remove(job.turn);
    job.turn = undefined;
    this.#spareTickets++;
    this.#waiting--;
    this.#parked++;
    this.#block(job);
    return true;
  }

  /** A parked job is over without going on: `ended` and `finish` follow. */
  revive(job: Job<T>): void {
    this.#parked--;
    this.#running++;
    this.#unblock(job);
    job.release = () => undefined;
  }

  /** Lets go of a job that is parked. @returns those that are to be finished now, in order: they waited for it to end. */
  abandon(job: Job<T>): readonly Job<T>[] {
    this.#parked--;
    this.#unblock(job);
    return this.#withdraw(job);
  }

  /**
   * Takes out a job that has run and waits to run again, once none waits that has not begun.
   * @returns it, and those that are to be finished now, in order: they waited for it to end.
   */
  takeBegun(): { readonly job: Job<T>; readonly ended: readonly Job<T>[] } | undefined {
    const job = this.#turns.shift();
    if (job === undefined) return undefined;
    job.turn = undefined;
    this.#waiting--;
    this.#spareTickets++;
    return { job, ended: this.#withdraw(job) };
  }

  #jobOf(key: string | undefined, value: T, replaceable: string | undefined): Job<T> {
    return {
      lane: this,
      key,
      number: this.#jobs++,
      value,
      replaceable,
      chargedFuel: 0,
      begun: false,
      probe: false,
      ordered: false,
      release: noSlot,
      arrival: undefined,
      turn: undefined,
    };
  }

  /** The first whose turn it is; those behind a parked one of their key are set aside, in order, and their tickets are spare. */
  #nextTurn(): Job<T> | undefined {
    while (this.ready > 0) {
      const job = this.#turns.shift();
      if (job === undefined) return undefined;
      job.turn = undefined;
      if (job.begun || job.key === undefined || !this.#blocked.has(job.key)) return job;
      this.#startOrder.enter(job.key, job);
      this.#spareTickets++;
    }
    return undefined;
  }

  #withdraw(job: Job<T>): readonly Job<T>[] {
    this.#leaveKey(job);
    if (job.key === undefined || this.#endOrder === undefined || !job.ordered) return [];
    job.ordered = false;
    const ended = this.#endOrder.withdraw(job.key, job);
    for (const one of ended) one.ordered = false;
    return ended;
  }

  #takePlace(job: Job<T>): void {
    if (job.key === undefined || this.#endOrder === undefined || job.ordered) return;
    this.#endOrder.begin(job.key, job);
    job.ordered = true;
  }

  #block(job: Job<T>): void {
    const { key } = job;
    if (key === undefined || this.#endOrder === undefined) return;
    const parked = this.#blocked.get(key) ?? 0;
    this.#blocked.set(key, parked + 1);
    if (parked === 0) this.#startOrder.enter(key, job);
  }

  /** Puts those that were set aside back, before those of their key that came later. */
  #unblock({ key }: Job<T>): void {
    const parked = key === undefined ? undefined : this.#blocked.get(key);
    if (key === undefined || parked === undefined) return;
    if (parked > 1) {
      this.#blocked.set(key, parked - 1);
      return;
    }
    this.#blocked.delete(key);
    const behind: Job<T>[] = [];
    for (let next = this.#startOrder.leave(key); next !== undefined; next = this.#startOrder.leave(key)) {
      behind.push(next);
    }
    for (const job of behind.toReversed()) {
      job.turn = this.#turns.unshift(job);
      this.#addTicket();
    }
  }

  /** A probe that does not end leaves its place to another. */
  #admitInstead(job: Job<T>): void {
    if (!job.probe) return;
    job.probe = false;
    this.#admitted++;
    this.#announce();
  }

  #leaveArrivals(job: Job<T>): void {
    if (job.arrival === undefined) return;
    this.#arrivals.remove(job.arrival);
    job.arrival = undefined;
    if (job.replaceable !== undefined && this.#replaceable.get(job.replaceable) === job)
      this.#replaceable.delete(job.replaceable);
  }

  #leaveKey({ key }: Job<T>): void {
    if (key === undefined || this.#endOrder !== undefined) return;
    const next = this.#startOrder.leave(key);
    if (next !== undefined) this.#awaitTurn(next);
  }

  #awaitTurn(job: Job<T>): void {
    job.turn = this.#turns.push(job);
    this.#addTicket();
  }

  #addTicket(): void {
    if (this.#spareTickets === 0) {
      this.#slots.push(undefined);
      return;
    }
    this.#spareTickets--;
    this.#announce();
  }

  #gotSlot(done: fastq.done): void {
    this.#granted.push(done);
    this.#announce();
  }

  #announce(): void {
    if (!this.listed && this.ready > 0) this.#becameReady(this);
  }

  #govern(allowed: number): void {
    if (this.#slots.concurrency !== allowed) this.#slots.concurrency = allowed;
  }
}

function noSlot(): void {
  throw new Error('Cannot give back a slot as the job has none');
}
