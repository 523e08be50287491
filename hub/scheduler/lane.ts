import fastq from 'fastq';
import { Fifo, KeyOrder } from '../queue/index.js';
import { ConcurrencyGovernor } from './concurrency-governor.js';

export interface LaneOptions {
  /** 0 to 9; 9 is most urgent. */
  readonly priority: number;
  /** Most runs at once; undefined for no bound besides the runtime's own. */
  readonly concurrency: number | undefined;
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
  readonly #order = new KeyOrder<Job<T>>();
  readonly #slots: fastq.queue<Job<T>>;
  readonly #ready = new Fifo<Job<T>>();
  readonly #governor: ConcurrencyGovernor;
  readonly #becameReady: (lane: Lane<T>) => void;
  #waiting = 0;
  #running = 0;

  /** @param becameReady Called when the first ready job is there. */
  constructor(options: LaneOptions, becameReady: (lane: Lane<T>) => void) {
    this.priority = options.priority;
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
    if (key === undefined || this.#order.enter(key, job)) this.#slots.push(job);
  }

  /** The next ready job, which runs from now on. */
  take(): Job<T> | undefined {
    const job = this.#ready.shift();
    if (job === undefined) return undefined;
    this.#waiting--;
    this.#running++;
    return job;
  }

  /** Lets go of a job that ran. */
  finish(job: Job<T>): void {
    this.#running--;
    this.#govern(this.#governor.succeeded());
    job.release(null);
    if (job.key === undefined) return;
    const next = this.#order.leave(job.key);
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
