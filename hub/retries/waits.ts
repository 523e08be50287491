import type { PendingRun } from '../pending-run.js';
import type { Job } from '../scheduler/index.js';
import type { Timer } from '../timer.js';

export interface RetryWaitsParts {
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  /** A run's time has come. From the event loop. */
  readonly due: (job: Job<PendingRun>) => void;
}

/**
 * The runs that wait for their next attempt, each with a timer.
 *
 * The moment they wait for is kept by the machine's clock, as the wait goes on
 * while the hub is away; the wait itself is by the monotonic one. So a clock
 * that is set back while the hub is away delays a run, but by no more than its
 * longest backoff.
 */
export class RetryWaits {
  readonly #parts: RetryWaitsParts;
  readonly #waiting = new Map<Job<PendingRun>, () => void>();
  /** Those that a newer event of their key may take the place of. */
  readonly #byKey = new Map<string, Job<PendingRun>>();
  #bytes = 0;
  #stopped = false;

  constructor(parts: RetryWaitsParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** Of their payloads. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param dueAtMs Milliseconds since 1970 (UTC). */
  add(job: Job<PendingRun>, dueAtMs: number): void {
    const { timer, clock, due } = this.#parts;
    const { maxBackoffMs } = job.value.task.manifest.retry;
    const waitMs = Math.min(Math.max(0, dueAtMs - clock()), maxBackoffMs);
    if (job.replaceable !== undefined && job.key !== undefined) this.#byKey.set(nameOf(job.value.task, job.key), job);
    const takeBack = this.#stopped
      ? () => undefined
      : timer.after(waitMs, () => {
          this.#remove(job);
          due(job);
        });
    this.#waiting.set(job, takeBack);
    this.#bytes += job.value.event.payload.length;
  }

  /** Takes out the run of a task's key, of which there is one at most where the task's mode compares runs of a key. */
  takeOut(task: PendingRun['task'], key: string): Job<PendingRun> | undefined {
    const job = this.#byKey.get(nameOf(task, key));
    if (job === undefined) return undefined;
    this.#waiting.get(job)?.();
    this.#remove(job);
    return job;
  }

  /** Takes out all runs of a version of a task, in the order in which they came to wait. */
  takeAll(task: PendingRun['task']): readonly Job<PendingRun>[] {
    const jobs = [...this.#waiting.keys()].filter(({ value }) => value.task === task);
    for (const job of jobs) {
      this.#waiting.get(job)?.();
      this.#remove(job);
    }
    return jobs;
  }

  /** From now on, nobody's time comes. */
  stop(): void {
    this.#stopped = true;
    for (const takeBack of this.#waiting.values()) takeBack();
  }

  #remove(job: Job<PendingRun>): void {
    if (this.#waiting.delete(job)) this.#bytes -= job.value.event.payload.length;
    if (job.key === undefined) return;
    const name = nameOf(job.value.task, job.key);
    // Another version of the task may have one of the same key.
    if (this.#byKey.get(name) === job) this.#byKey.delete(name);
  }
}

function nameOf(task: PendingRun['task'], key: string): string {
  return `${task.manifest.name}/${key}`;
}
