import type { Counts } from '../counts.js';
import type { Observer, ReleaseReason } from '../observations.js';
import type { Journal } from '../journal/index.js';
import type { DeployedTask } from '../registry/index.js';
import type { StoredQuarantine } from '../store/index.js';
import type { Timer } from '../timer.js';
import { CLOSED, step, type Breaker, type BreakerInput } from './breaker.js';

export interface QuarantineParts {
  readonly journal: Pick<Journal, 'note'>;
  readonly timer: Timer;
  /** Milliseconds since 1970 (UTC). */
  readonly clock: () => number;
  readonly counts: Counts;
  readonly observe: Observer;
  /** Lets only so many more runs of a task start; Infinity for no bound. */
  readonly admit: (task: DeployedTask, runs: number) => void;
  /** Called when runs may start again, from the event loop. */
  readonly released: () => void;
}

/** What is told of a task that is quarantined. */
export interface QuarantineStatus {
  readonly state: 'open' | 'half-open';
  readonly failures: number;
  readonly trips: number;
  /** Milliseconds since 1970 (UTC). */
  readonly untilMs: number;
}

/**
 * Holds the runs of tasks that keep failing.
 *
 * A held task's events wait in its queue; nothing of another task is touched.
 * What is known of a task is kept over restarts, for the version and the
 * component that it was learnt of.
 */
export class Quarantine {
  readonly #parts: QuarantineParts;
  readonly #breakers = new Map<DeployedTask, Breaker>();
  readonly #coolDowns = new Map<DeployedTask, () => void>();
  #stopped = false;

  constructor(parts: QuarantineParts) {
    this.#parts = parts;
  }

  /** Takes up what an earlier hub knew, before the first run starts. */
  resume(tasks: readonly DeployedTask[], stored: readonly StoredQuarantine[]): void {
    for (const one of stored) {
      const task = tasks.find(({ manifest }) => manifest.name === one.task);
      // One that is gone for now may come back as it was.
      if (task === undefined) continue;
      const isSame = one.version === task.manifest.version && one.digest === task.installed.digest;
      if (!isSame || task.manifest.quarantine.failures === 0) {
        this.#keep(task, CLOSED);
        if (one.untilMs !== undefined) this.#tellRelease(task, 'changed');
        continue;
      }
      const { failures, trips, untilMs } = one;
      this.#become(task, { state: untilMs === undefined ? 'closed' : 'open', failures, trips, untilMs: untilMs ?? 0 });
    }
  }

  /** A run is over. `probe` when `admit` let it start. */
  ended(task: DeployedTask, how: Extract<BreakerInput, { kind: 'ended' }>['how'], probe: boolean): void {
    const before = this.#breakers.get(task) ?? CLOSED;
    // The usual case, for each run of a task that works.
    if (how === 'completed' && before.failures === 0) return;
    const after = this.#step(task, { kind: 'ended', how, probe, atMs: this.#parts.clock() }, 'recovered');
    // Its probe decided nothing.
    if (probe && after.state === 'half-open') this.#parts.admit(task, 1);
  }

  /** Lets a task go on, by hand. @returns whether it was held. */
  release(task: DeployedTask): boolean {
    const held = this.statusOf(task) !== undefined;
    this.#step(task, { kind: 'released' }, 'by-hand');
    return held;
  }

  /** A task is gone, or another version has its place: what was known of it is not about that. */
  replaced(task: DeployedTask): void {
    this.#step(task, { kind: 'released' }, 'changed');
  }

  /** Whether its runs do not start. */
  isHeld(task: DeployedTask): boolean {
    return this.statusOf(task) !== undefined;
  }

  /** Tasks whose runs do not start. */
  get held(): readonly DeployedTask[] {
    return [...this.#breakers].flatMap(([task, { state }]) => (state === 'closed' ? [] : [task]));
  }

  /** Undefined for a task whose runs start. */
  statusOf(task: DeployedTask): QuarantineStatus | undefined {
    const breaker = this.#breakers.get(task) ?? CLOSED;
    const { state, failures, trips, untilMs } = breaker;
    return state === 'closed' ? undefined : { state, failures, trips, untilMs };
  }

  /** Holds what it holds from now on. */
  stop(): void {
    this.#stopped = true;
    for (const takeBack of this.#coolDowns.values()) takeBack();
    this.#coolDowns.clear();
  }

  #step(task: DeployedTask, input: BreakerInput, reason: ReleaseReason): Breaker {
    const before = this.#breakers.get(task) ?? CLOSED;
    const after = step(before, input, task.manifest.quarantine);
    if (after === before) return after;
    this.#keep(task, after);
    this.#become(task, after);
    if (before.state !== 'closed' && after.state === 'closed') this.#tellRelease(task, reason);
    if (before.state !== 'open' && after.state === 'open') this.#tellQuarantine(task, after);
    return after;
  }

  #become(task: DeployedTask, breaker: Breaker): void {
    const { admit, timer, clock, released } = this.#parts;
    this.#coolDowns.get(task)?.();
    this.#coolDowns.delete(task);
    if (breaker.failures === 0) this.#breakers.delete(task);
    else this.#breakers.set(task, breaker);
    switch (breaker.state) {
      case 'closed':
        admit(task, Infinity);
        return;
      case 'half-open':
        admit(task, 1);
        return;
      case 'open': {
        admit(task, 0);
        if (this.#stopped) return;
        // A clock that was set back makes nobody wait for longer than that.
        const waitMs = Math.min(Math.max(0, breaker.untilMs - clock()), task.manifest.quarantine.maxCoolDownMs);
        const takeBack = timer.after(waitMs, () => {
          this.#step(task, { kind: 'cooled' }, 'recovered');
          released();
        });
        this.#coolDowns.set(task, takeBack);
      }
    }
  }

  /** A cool-down that is over is kept as one that was: the next start tries a run at once. */
  #keep({ manifest, installed }: DeployedTask, { state, failures, trips, untilMs }: Breaker): void {
    this.#parts.journal.note({
      task: manifest.name,
      version: manifest.version,
      digest: installed.digest,
      failures,
      trips,
      untilMs: state === 'closed' ? undefined : untilMs,
    });
  }

  #tellQuarantine({ manifest }: DeployedTask, { failures, trips, untilMs }: Breaker): void {
    this.#parts.counts.quarantined++;
    this.#parts.observe({ kind: 'task-quarantined', task: manifest.name, failures, trips, untilMs });
  }

  #tellRelease({ manifest }: DeployedTask, reason: ReleaseReason): void {
    this.#parts.observe({ kind: 'task-released', task: manifest.name, reason });
  }
}
