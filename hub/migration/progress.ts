import type { MigrationStatus } from '../../provider/protocol/migration/index.js';

type Seen = Pick<MigrationStatus, 'executes' | 'isLinked' | 'epoch' | 'point'>;

/** How a run comes on at a provider, by the monotonic clock. */
export class Progress {
  #seen: Seen;
  #sinceMs: number;
  #longestMs = 0;

  constructor(seen: Seen, nowMs: number) {
    [this.#seen, this.#sinceMs] = [seen, nowMs];
  }

  /** @returns whether anything has changed. */
  look(now: Seen, nowMs: number): boolean {
    const before = this.#seen;
    this.#seen = now;
    const isNewPlace = now.epoch !== before.epoch || now.isLinked !== before.isLinked;
    if (!isNewPlace && now.point === before.point) return false;
    this.#longestMs = isNewPlace ? 0 : Math.max(this.#longestMs, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    return true;
  }

  /** Undefined while it is not known, as it executes here or there is no link. */
  at(nowMs: number): { readonly sinceMs: number; readonly longestMs: number } | undefined {
    const { executes, isLinked } = this.#seen;
    if (executes === 'hub' || !isLinked) return undefined;
    return { sinceMs: nowMs - this.#sinceMs, longestMs: this.#longestMs };
  }
}
