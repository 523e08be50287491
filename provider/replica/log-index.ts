import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Listed } from '../../runtime/index.js';
import { decodeHead, ENTRY_HEAD_BYTES } from './log-format.js';

/** Where a value is in the file. */
export interface Place {
  readonly version: number;
  readonly at: number;
  readonly bytes: number;
}

const CHUNK_BYTES = 64 * 1024;

/** What a replica's file holds: its keys in memory, their values on disk. */
export class LogIndex {
  readonly #fd: number;
  readonly #buckets = new Map<string, Map<string, Place>>();
  readonly #sets = new Map<string, number>();
  readonly #sorted = new Map<string, readonly string[]>();
  #end = 0;

  /** @throws Error when there is no such file. */
  constructor(file: string) {
    this.#fd = openSync(file, 'r');
  }

  /** Takes in what has been appended: entries that are there to their last byte, as another one may be being written. */
  catchUp(): void {
    const { size } = fstatSync(this.#fd);
    let chunk: Buffer = Buffer.alloc(0);
    while (this.#end + chunk.length < size) {
      const more = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - this.#end - chunk.length));
      const read = readSync(this.#fd, more, 0, more.length, this.#end + chunk.length);
      if (read === 0) return;
      chunk = Buffer.concat([chunk, more.subarray(0, read)]);
      const taken = this.#take(chunk, size);
      this.#end += taken.bytes;
      // A value is not looked at: the next entry begins after it.
      chunk = taken.isWithinValue ? Buffer.alloc(0) : chunk.subarray(taken.bytes);
    }
  }

  get(bucket: string, key: string): Place | undefined {
    return this.#buckets.get(bucket)?.get(key);
  }

  read({ at, bytes }: Place): Uint8Array {
    const value = new Uint8Array(bytes);
    readSync(this.#fd, value, 0, bytes, at);
    return value;
  }

  /** Keys of a bucket in ascending order of their UTF-8 bytes. */
  keys(bucket: string): readonly string[] {
    let sorted = this.#sorted.get(bucket);
    if (sorted === undefined) {
      sorted = [...(this.#buckets.get(bucket)?.keys() ?? [])].toSorted((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      );
      this.#sorted.set(bucket, sorted);
    }
    return sorted;
  }

  /** The version of a bucket's set of keys. */
  keysVersion(bucket: string): number {
    return this.#sets.get(bucket) ?? 0;
  }

  /** How many buckets have a version of their keys, once these have theirs. */
  setsWith(more: readonly Listed[]): number {
    const added = new Set(more.map(({ bucket }) => bucket).filter((bucket) => !this.#sets.has(bucket)));
    return this.#sets.size + added.size;
  }

  /** Whether the file is gone: nobody will look for it again. */
  get isGone(): boolean {
    return fstatSync(this.#fd).nlink === 0;
  }

  get sets(): readonly Listed[] {
    return Array.from(this.#sets, ([bucket, version]) => ({ bucket, version }));
  }

  *entries(): Generator<readonly [bucket: string, key: string, place: Place]> {
    for (const [bucket, keys] of this.#buckets) for (const [key, place] of keys) yield [bucket, key, place];
  }

  close(): void {
    closeSync(this.#fd);
  }

  #take(chunk: Buffer, size: number): { readonly bytes: number; readonly isWithinValue: boolean } {
    let at = 0;
    while (chunk.length - at >= ENTRY_HEAD_BYTES) {
      const { version, bucketBytes, keyBytes, valueBytes } = decodeHead(chunk, at);
      const keyAt = at + ENTRY_HEAD_BYTES + bucketBytes;
      const valueAt = keyAt + (keyBytes ?? 0);
      if (valueAt > chunk.length || this.#end + valueAt + (valueBytes ?? 0) > size) break;
      const bucket = chunk.toString('utf8', at + ENTRY_HEAD_BYTES, keyAt);
      at = valueAt + (valueBytes ?? 0);
      if (keyBytes === undefined) {
        this.#sets.set(bucket, version);
        continue;
      }
      const key = chunk.toString('utf8', keyAt, valueAt);
      const place = valueBytes === undefined ? undefined : { version, at: this.#end + valueAt, bytes: valueBytes };
      this.#put(bucket, key, place);
      if (at > chunk.length) return { bytes: at, isWithinValue: true };
    }
    return { bytes: at, isWithinValue: false };
  }

  #put(bucket: string, key: string, place: Place | undefined): void {
    let keys = this.#buckets.get(bucket);
    if (place === undefined || keys?.has(key) !== true) this.#sorted.delete(bucket);
    if (place === undefined) {
      keys?.delete(key);
      if (keys?.size === 0) this.#buckets.delete(bucket);
      return;
    }
    if (keys === undefined) this.#buckets.set(bucket, (keys = new Map<string, Place>()));
    keys.set(key, place);
  }
}
