/** State as the provider's threads read it: a module for `RuntimeOptions.state`. */
import { join } from 'node:path';
import type { StateReader, StateSnapshot } from '../../runtime/index.js';
import { PROVIDER_BOUNDS } from '../policy.js';
import { splitBucket } from './log-format.js';
import { LogIndex } from './log-index.js';

export interface ReplicaReaderOptions {
  /** Where the replicas' files are. */
  readonly dir: string;
}

/** @param options `ReplicaReaderOptions`. */
export function openState(options: unknown): StateReader {
  if (!isOptions(options)) throw new TypeError('Cannot open state as its options must be { dir: string }');
  return new ReplicaReader(options.dir);
}

class ReplicaReader implements StateReader {
  readonly #dir: string;
  /** The one used last is the last. */
  readonly #open = new Map<string, LogIndex>();
  /** How many snapshots look at an index. */
  readonly #users = new Map<LogIndex, number>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  snapshot(): StateSnapshot {
    // A run is of one session, and sees its replica as it is when the run looks first.
    const seen = new Map<string, LogIndex>();
    const indexOf = (replica: string): LogIndex => {
      let index = seen.get(replica);
      if (index === undefined) {
        index = this.#index(replica);
        index.catchUp();
        seen.set(replica, index);
        this.#users.set(index, (this.#users.get(index) ?? 0) + 1);
      }
      return index;
    };
    return {
      get: (id, key) => {
        const [replica, bucket] = splitBucket(id);
        const index = indexOf(replica);
        const place = index.get(bucket, key);
        return place === undefined ? undefined : { value: index.read(place), version: place.version };
      },
      keys: (id, after, limit) => {
        const [replica, bucket] = splitBucket(id);
        const keys = indexOf(replica).keys(bucket);
        const from = after === undefined ? 0 : firstAfter(keys, after);
        return keys.slice(from, from + limit);
      },
      keysVersion: (id) => {
        const [replica, bucket] = splitBucket(id);
        return indexOf(replica).keysVersion(bucket);
      },
      release: () => {
        for (const index of seen.values()) this.#release(index);
        seen.clear();
      },
    };
  }

  close(): void {
    for (const index of this.#open.values()) index.close();
    this.#open.clear();
  }

  #release(index: LogIndex): void {
    const users = (this.#users.get(index) ?? 0) - 1;
    if (users > 0) this.#users.set(index, users);
    else this.#users.delete(index);
  }

  #index(replica: string): LogIndex {
    const known = this.#open.get(replica);
    this.#open.delete(replica);
    const index = known ?? new LogIndex(join(this.#dir, `${replica}.log`));
    if (known === undefined) this.#tidy();
    this.#open.set(replica, index);
    return index;
  }

  /** A file that is gone takes its room on the disk until it is closed. What a run looks at stays. */
  #tidy(): void {
    for (const [replica, index] of this.#open) {
      const isOneTooMany = this.#open.size >= PROVIDER_BOUNDS.openReplicas;
      if (this.#users.has(index) || !(isOneTooMany || index.isGone)) continue;
      this.#open.delete(replica);
      index.close();
    }
  }
}

/** The index of the first key whose UTF-8 bytes come after those of `after`. */
function firstAfter(keys: readonly string[], after: string): number {
  const bytes = Buffer.from(after);
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Buffer.compare(Buffer.from(keys[middle] ?? ''), bytes) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isOptions(options: unknown): options is ReplicaReaderOptions {
  return typeof options === 'object' && options !== null && 'dir' in options && typeof options.dir === 'string';
}
