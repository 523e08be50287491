import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Listed } from '../../runtime/index.js';
import { PROTOCOL_BOUNDS, ProtocolError, type StateEntry } from '../protocol/index.js';
import { PROVIDER_BOUNDS } from '../policy.js';
import { encodeEntry, encodeSet } from './log-format.js';
import { LogIndex } from './log-index.js';

/** A file that runs read, and that goes when the last of them is over. */
export interface ReplicaView {
  /** Goes before the name of each bucket of a run: see `splitBucket`. */
  readonly prefix: string;
  release(): void;
}

/** What a message of state says. */
interface StatePiece {
  readonly entries: readonly StateEntry[];
  readonly sets: readonly Listed[];
  readonly revision: number;
}

interface Generation {
  readonly name: string;
  readonly file: string;
  users: number;
}

/** What the provider has of one hub's state. It is a copy, and survives no restart. */
export class Replica {
  readonly #dir: string;
  readonly #number: number;
  readonly #mostBytes: number;
  #generation: Generation;
  #fd: number;
  #index: LogIndex;
  #count = 0;
  /** Of the file, and of what of it counts. */
  #bytes = 0;
  #liveBytes = 0;
  #revision = 0;
  #isWhole = false;
  #isClosed = false;

  /** @param number No other replica in the folder may have it. */
  constructor(dir: string, number: number, mostBytes: number) {
    this.#dir = dir;
    this.#number = number;
    this.#mostBytes = mostBytes;
    ({ generation: this.#generation, fd: this.#fd, index: this.#index } = this.#begin());
  }

  /** Of the hub's state, so far. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether all has come since it began with nothing: until then it has keys of some moment, and not the others. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /**
   * Appends changes: runs that are handed to a thread afterwards see them.
   * @throws ProtocolError 'quota' when it would be too large, or 'out-of-turn' when the revision goes back: then
   *   nothing has changed. Any other error leaves it with nothing, at revision 0.
   */
  apply({ entries, sets, revision }: StatePiece): void {
    if (revision < this.#revision) {
      throw new ProtocolError('out-of-turn', `Revision ${revision} of the state comes after ${this.#revision}`);
    }
    const live = this.#liveBytes + this.#growthBy(entries);
    if (live > this.#mostBytes) {
      const most = `A session's state must have at most ${this.#mostBytes} bytes`;
      throw new ProtocolError('quota', `${most}: it would have ${live}`);
    }
    if (this.#index.setsWith(sets) > PROTOCOL_BOUNDS.buckets) {
      throw new ProtocolError('quota', `A session's state must have at most ${PROTOCOL_BOUNDS.buckets} buckets`);
    }
    try {
      const bytes = Buffer.concat([...entries.map(encodeEntry), ...sets.map(encodeSet)]);
      writeFileSync(this.#fd, bytes);
      this.#index.catchUp();
      this.#bytes += bytes.length;
      this.#liveBytes = live;
      this.#revision = revision;
      // They come with the last message of a change.
      if (sets.length > 0) this.#isWhole = true;
      if (this.#bytes > 2 * this.#liveBytes + PROVIDER_BOUNDS.replicaSlackBytes) this.#compact();
    } catch (error) {
      this.#giveUp();
      throw error;
    }
  }

  /** Begins with nothing. */
  reset(): void {
    this.#isWhole = false;
    this.#replace([], []);
    this.#revision = 0;
  }

  /** The state as it is now, for a run, until it is released. */
  view(): ReplicaView {
    const generation = this.#generation;
    generation.users++;
    let released = false;
    return {
      prefix: `${generation.name}/`,
      release: () => {
        if (released) return;
        released = true;
        generation.users--;
        this.#tidy(generation);
      },
    };
  }

  /** The file goes when no run reads it any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
    this.#index.close();
    this.#tidy(this.#generation);
  }

  /** The disk is full: what was written of a change is not all of it, and nothing may come after it. */
  #giveUp(): void {
    this.#revision = 0;
    this.#isWhole = false;
    try {
      this.reset();
    } catch {
      // At revision 0 the hub begins anew, and so tries this again.
    }
  }

  #begin(): { readonly generation: Generation; readonly fd: number; readonly index: LogIndex } {
    const name = `${this.#number}-${this.#count++}`;
    const file = join(this.#dir, `${name}.log`);
    // Another provider that was killed may have left one.
    const fd = openSync(file, 'w', 0o600);
    return { generation: { name, file, users: 0 }, fd, index: new LogIndex(file) };
  }

  /** Writes what counts to a new file. Runs that were begun go on reading the old one. */
  #compact(): void {
    const entries: StateEntry[] = [];
    for (const [bucket, key, place] of this.#index.entries()) {
      entries.push({ bucket, key, version: place.version, value: this.#index.read(place) });
    }
    this.#replace(entries, this.#index.sets);
  }

  #replace(entries: readonly StateEntry[], sets: readonly Listed[]): void {
    const before = { generation: this.#generation, fd: this.#fd, index: this.#index };
    const next = this.#begin();
    const bytes = Buffer.concat([...entries.map(encodeEntry), ...sets.map(encodeSet)]);
    try {
      writeFileSync(next.fd, bytes);
      next.index.catchUp();
    } catch (error) {
      closeSync(next.fd);
      next.index.close();
      rmSync(next.generation.file, { force: true });
      throw error;
    }
    ({ generation: this.#generation, fd: this.#fd, index: this.#index } = next);
    this.#bytes = bytes.length;
    this.#liveBytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    closeSync(before.fd);
    before.index.close();
    this.#tidy(before.generation);
  }

  #tidy(generation: Generation): void {
    if (generation.users > 0 || (generation === this.#generation && !this.#isClosed)) return;
    rmSync(generation.file, { force: true });
  }

  /** A key may be among them more than once: the last one counts. */
  #growthBy(entries: readonly StateEntry[]): number {
    const last = new Map(entries.map((entry) => [`${entry.bucket.length} ${entry.bucket}${entry.key}`, entry]));
    let growth = 0;
    for (const entry of last.values()) growth += sizeOf(entry) - this.#sizeNow(entry);
    return growth;
  }

  #sizeNow({ bucket, key }: StateEntry): number {
    const place = this.#index.get(bucket, key);
    return place === undefined ? 0 : sizeWith(bucket, key, place.bytes);
  }
}

function sizeOf({ bucket, key, value }: StateEntry): number {
  return value === undefined ? 0 : sizeWith(bucket, key, value.length);
}

function sizeWith(bucket: string, key: string, valueBytes: number): number {
  return PROTOCOL_BOUNDS.stateEntryBytes + bucket.length + key.length + valueBytes;
}
