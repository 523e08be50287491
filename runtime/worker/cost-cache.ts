/**
 * Keeps values within a bound on bytes, and lets go of those that give back the
 * most memory for the least work: GreedyDual-Size.
 * Cao and Irani, "Cost-Aware WWW Proxy Caching Algorithms", USITS 1997.
 *
 * A value is worth what making it again costs, per byte, above the worth of
 * what was let go last. So what is not used sinks in comparison, cheap and
 * large things first, and an expensive one that is never used goes as well.
 */
import type { Bytes } from '../task.js';

/** What holding a value costs, and what not having it would. */
export interface Cost {
  readonly bytes: Bytes;
  readonly makeMs: number;
}

/** A value in the cache. */
export interface Kept<Value> {
  readonly value: Value;
  readonly cost: Cost;
}

interface Entry<Value> extends Kept<Value> {
  worth: number;
  readonly evicted: () => void;
}

export class CostCache<Value> {
  readonly #most: Bytes;
  readonly #entries = new Set<Entry<Value>>();
  #bytes: Bytes = 0;
  /** The worth of what was let go last. */
  #level = 0;

  constructor(most: Bytes) {
    this.#most = most;
  }

  get bytes(): Bytes {
    return this.#bytes;
  }

  /**
   * Adds a value and lets others go until all fit. It stays itself, and so does what it needs, if nothing else does:
   * otherwise what is larger than the bound would be made at each use.
   * @param evicted called when it is let go of later; not by `remove`.
   */
  add(value: Value, cost: Cost, evicted: () => void, needs?: Kept<Value>): Kept<Value> {
    const entry: Entry<Value> = { value, cost, worth: this.#worthNow(cost), evicted };
    this.#entries.add(entry);
    this.#bytes += cost.bytes;
    while (this.#bytes > this.#most) {
      const least = this.#least(entry, needs);
      if (least === undefined) break;
      this.#level = least.worth;
      this.remove(least);
      least.evicted();
    }
    return entry;
  }

  /** Using a value renews its worth. */
  use(kept: Kept<Value>): Value {
    (kept as Entry<Value>).worth = this.#worthNow(kept.cost);
    return kept.value;
  }

  /** Takes a value out; one that is not there is no fault. */
  remove(kept: Kept<Value>): void {
    if (this.#entries.delete(kept as Entry<Value>)) this.#bytes -= kept.cost.bytes;
  }

  #worthNow({ bytes, makeMs }: Cost): number {
    return this.#level + makeMs / Math.max(1, bytes);
  }

  /** Looks at all of them: there are some thousand at most, and making one anew costs more. */
  #least(...except: readonly (Kept<Value> | undefined)[]): Entry<Value> | undefined {
    let least: Entry<Value> | undefined;
    for (const entry of this.#entries) {
      if (!except.includes(entry) && (least === undefined || entry.worth < least.worth)) least = entry;
    }
    return least;
  }
}
