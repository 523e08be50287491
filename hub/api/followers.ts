import type { Observation } from '../observations.js';
import { API_BOUNDS } from './limits.js';
import { recentRun, type RecentRun } from './recent-runs.js';

/** One who follows runs as they end. A slow one loses some, and is told how many. */
export class Follower {
  readonly #task: string | undefined;
  readonly #leave: (follower: Follower) => void;
  #backlog: RecentRun[] = [];
  #lost = 0;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(task: string | undefined, leave: (follower: Follower) => void) {
    this.#task = task;
    this.#leave = leave;
  }

  offer(run: Extract<Observation, { kind: 'run-finished' }>): void {
    if (this.#task !== undefined && run.task !== this.#task) return;
    if (this.#backlog.length >= API_BOUNDS.followerBacklog) this.#lost++;
    else this.#backlog.push(recentRun(run));
    this.#wake?.();
  }

  /** What ended since the last call, and how many more did: as soon as there is some, or undefined at the end. */
  async next(): Promise<{ readonly runs: readonly RecentRun[]; readonly lost: number } | undefined> {
    while (this.#backlog.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#ended) return undefined;
    const [runs, lost] = [this.#backlog, this.#lost];
    this.#backlog = [];
    this.#lost = 0;
    return { runs, lost };
  }

  /** Idempotent. */
  end(): void {
    this.#ended = true;
    this.#leave(this);
    this.#wake?.();
  }
}

/** All who follow. */
export class Followers {
  readonly #followers = new Set<Follower>();

  note(observation: Observation): void {
    if (observation.kind !== 'run-finished') return;
    for (const follower of this.#followers) follower.offer(observation);
  }

  /** @returns undefined when there are as many as may be. */
  join(task: string | undefined): Follower | undefined {
    if (this.#followers.size >= API_BOUNDS.followers) return undefined;
    const follower = new Follower(task, (left) => this.#followers.delete(left));
    this.#followers.add(follower);
    return follower;
  }

  /** Ends all. */
  close(): void {
    for (const follower of this.#followers) follower.end();
  }
}
