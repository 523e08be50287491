import type { Listed, StateReader, StateSnapshot } from '../../runtime/index.js';
import { PROTOCOL_BOUNDS, type StateEntry } from '../../provider/protocol/index.js';
import type { ChangeResult, StateChange } from '../store/index.js';

/** A piece of state on its way to a provider. */
export interface StatePiece {
  readonly revision: number;
  readonly reset: boolean;
  readonly entries: readonly StateEntry[];
  /** Versions of the sets of keys: with the last piece, when all their changes have gone before. */
  readonly sets: readonly Listed[];
}

/**
 * What one provider has yet to hear of the hub's state: the keys that changed,
 * in the buckets that it replicates. Values are read when they are sent, so
 * that a key that changes often is sent once.
 *
 * It lasts over sessions: a provider that is found to have all that was sent
 * is told only what changed since.
 */
export class StateFeed {
  readonly #reader: StateReader;
  /** Keys to be sent, by bucket. A bucket that is replicated is always there. */
  readonly #changed = new Map<string, Set<string>>();
  /** Versions of the sets of keys that were sent. */
  readonly #sets = new Map<string, number>();
  #revision = 0;
  #reset = true;

  constructor(reader: StateReader) {
    this.#reader = reader;
  }

  /** What the provider has when all that was sent has arrived. */
  get revision(): number {
    return this.#revision;
  }

  get hasNews(): boolean {
    if (this.#reset) return true;
    for (const keys of this.#changed.values()) if (keys.size > 0) return true;
    return false;
  }

  /** Replicates these buckets and no others. */
  replicate(buckets: ReadonlySet<string>): void {
    const before = this.#changed.size;
    for (const bucket of this.#changed.keys()) if (!buckets.has(bucket)) this.#changed.delete(bucket);
    const isLess = this.#changed.size < before;
    for (const bucket of buckets) if (!this.#changed.has(bucket)) this.#changed.set(bucket, this.#allKeys(bucket));
    // Nobody notes the keys that go while a bucket is not replicated, and the provider is to have no more than it needs.
    if (isLess) this.#beginAnew();
  }

  /** A session begins. @param revision What the provider has. */
  begin(revision: number): void {
    if (revision !== this.#revision || revision === 0) this.#beginAnew();
  }

  /** Takes note of what was committed. */
  note(changes: readonly StateChange[], results: readonly ChangeResult[]): void {
    for (const [i, { writes }] of changes.entries()) {
      if (writes.length === 0 || results[i]?.kind !== 'committed') continue;
      for (const { bucket, key } of writes) this.#changed.get(bucket)?.add(key);
    }
  }

  /** The next piece, as it is now; undefined when there is no news. */
  take(): StatePiece | undefined {
    if (!this.hasNews) return undefined;
    const reset = this.#reset;
    this.#reset = false;
    const snapshot = this.#reader.snapshot();
    const entries: StateEntry[] = [];
    let bytes = 0;
    for (const [bucket, keys] of this.#changed) {
      for (const key of keys) {
        if (entries.length >= PROTOCOL_BOUNDS.stateEntries || bytes >= PROTOCOL_BOUNDS.batchBytes) break;
        const stored = snapshot.get(bucket, key);
        entries.push({ bucket, key, version: stored?.version ?? 0, value: stored?.value });
        bytes += key.length + (stored?.value.length ?? 0);
        keys.delete(key);
      }
    }
    const sets = this.hasNews ? [] : this.#newSets(snapshot);
    snapshot.release();
    this.#revision++;
    return { revision: this.#revision, reset, entries, sets };
  }

  #beginAnew(): void {
    this.#reset = true;
    this.#sets.clear();
    for (const bucket of this.#changed.keys()) this.#changed.set(bucket, this.#allKeys(bucket));
  }

  #newSets(snapshot: StateSnapshot): readonly Listed[] {
    const sets: Listed[] = [];
    for (const bucket of this.#changed.keys()) {
      const version = snapshot.keysVersion(bucket);
      if (this.#sets.get(bucket) === version) continue;
      this.#sets.set(bucket, version);
      sets.push({ bucket, version });
    }
    return sets;
  }

  #allKeys(bucket: string): Set<string> {
    const all = new Set<string>();
    const snapshot = this.#reader.snapshot();
    let after: string | undefined;
    do {
      const page = snapshot.keys(bucket, after, PROTOCOL_BOUNDS.stateEntries);
      for (const key of page) all.add(key);
      after = page.length < PROTOCOL_BOUNDS.stateEntries ? undefined : page.at(-1);
    } while (after !== undefined);
    snapshot.release();
    return all;
  }
}
