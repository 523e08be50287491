import fastq from 'fastq';
import { Fifo, KeyOrder, ReleaseOrder } from '../queue/index.js';
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
}

/** One run on its way through the scheduler. */
export interface Job<T> {
  readonly lane: Lane<T>;
  readonly key: string | undefined;
  readonly value: T;
  /** Fuel that was charged to the lane in advance. */
  chargedFuel: number;
  /** Gives the lane's slot back; set while the job has one. */
  release: fastq.done;
}

/**
 * The runs of one task.
 *
 *   submit -> waits for its key -> waits for one of the lane's slots (fastq)
 *          -> ready -> take -> runs -> finish, or repeat
 *
 * Key and slot are held from then on until `finish`; `repeat` keeps the key.
 */
export class Lane<T> {
  readonly priority: number;
  /** See `fair-share.ts`; kept by the scheduler. */
  usedFuel = 0;
  /** What the next run is expected to use. */
  expectedFuel = 0;
  readonly #startOrder = new KeyOrder<Job<T>>();
  readonly #endOrder: ReleaseOrder<Job<T>> | undefined;
  readonly #slots: fastq.queue<Job<T>>;
  readonly #ready = new Fifo<Job<T>>();
  readonly #governor: ConcurrencyGovernor;
  readonly #becameReady: (lane: Lane<T>) => void;
  #waiting = 0;
  #running = 0;

  /** @param becameReady Called when the first ready job is there. */
  constructor(options: LaneOptions, becameReady: (lane: Lane<T>) => void) {
    this.priority = options.priority;
    this.#endOrder = options.order === 'end' ? new ReleaseOrder() : undefined;
    this.#becameReady = becameReady;
    this.#governor = new ConcurrencyGovernor(options.concurrency ?? Infinity);
    this.#slots = fastq((job: Job<T>, done: fastq.done) => this.#gotSlot(job, done), this.#governor.allowed);
  }

  /** Jobs that do not run yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Jobs that `take` could answer with. */
  get ready(): number {
    return this.#ready.length;
  }

  submit(key: string | undefined, value: T): void {
    const job: Job<T> = { lane: this, key, value, chargedFuel: 0, release: noSlot };
    this.#waiting++;
    const free = key === undefined || this.#endOrder !== undefined || this.#startOrder.enter(key, job);
    if (free) this.#slots.push(job);
  }

  /** The next ready job, which runs from now on. */
  take(): Job<T> | undefined {
    const job = this.#ready.shift();
    if (job === undefined) return undefined;
    this.#waiting--;
    this.#running++;
    if (job.key !== undefined) this.#endOrder?.begin(job.key, job);
    return job;
  }

  /** A job has run. @returns those that are to be finished now, in order: not this one while an earlier one runs. */
  ended(job: Job<T>): readonly Job<T>[] {
    if (job.key === undefined || this.#endOrder === undefined) return [job];
    return this.#endOrder.end(job.key, job);
  }

  /** Lets go of a job that ran. */
  finish(job: Job<T>): void {
    this.#running--;
    this.#govern(this.#governor.succeeded());
    job.release(null);
    if (job.key === undefined || this.#endOrder !== undefined) return;
    const next = this.#startOrder.leave(job.key);
    if (next !== undefined) this.#slots.push(next);
  }

  /** Puts a job that ran in vain before all that wait for a slot, and lets fewer run at once. */
  repeat(job: Job<T>): void {
    this.#govern(this.#governor.collided(this.#running));
    this.#running--;
    this.#waiting++;
    const { release } = job;
    this.#slots.unshift(job);
    release(null);
  }

  #gotSlot(job: Job<T>, done: fastq.done): void {
    job.release = done;
    this.#ready.push(job);
    if (this.#ready.length === 1) this.#becameReady(this);
  }

  #govern(allowed: number): void {
    if (this.#slots.concurrency !== allowed) this.#slots.concurrency = allowed;
  }
}

function noSlot(): void {
  throw new Error('Cannot give back a slot as the job has none');
}
