/**
 * A replica's file: changes of state, one after the other. Threads that run
 * guests read what has been appended since they looked last, and nobody waits
 * for anybody.
 *
 *     | version: f64 | bucket bytes: u16 | key bytes: u16 | value bytes: i32 | bucket | key | value |
 *
 * Numbers are little-endian; value bytes are -1 for a key that is gone. A file
 * is never changed but at its end. Threads see whole entries only: each is
 * written by one call, before the run that needs it is handed to a thread.
 */
import type { StateEntry } from '../protocol/index.js';

export const ENTRY_HEAD_BYTES = 16;
const GONE = -1;

export interface EntryHead {
  readonly version: number;
  readonly bucketBytes: number;
  readonly keyBytes: number;
  /** Undefined for a key that is gone. */
  readonly valueBytes: number | undefined;
}

export function encodeEntry({ bucket, key, version, value }: StateEntry): Uint8Array {
  const names = [Buffer.from(bucket), Buffer.from(key)] as const;
  const head = Buffer.alloc(ENTRY_HEAD_BYTES);
  head.writeDoubleLE(version, 0);
  head.writeUInt16LE(names[0].length, 8);
  head.writeUInt16LE(names[1].length, 10);
  head.writeInt32LE(value?.length ?? GONE, 12);
  return Buffer.concat([head, ...names, value ?? new Uint8Array()]);
}

export function decodeHead(bytes: Buffer, at: number): EntryHead {
  const valueBytes = bytes.readInt32LE(at + 12);
  return {
    version: bytes.readDoubleLE(at),
    bucketBytes: bytes.readUInt16LE(at + 8),
    keyBytes: bytes.readUInt16LE(at + 10),
    valueBytes: valueBytes === GONE ? undefined : valueBytes,
  };
}

/** A replica as a run's bucket names it: "12-3/task/a/default" is bucket "task/a/default" of the file "12-3". */
export function splitBucket(id: string): readonly [replica: string, bucket: string] {
  const slash = id.indexOf('/');
  const replica = id.slice(0, Math.max(slash, 0));
  if (!/^\d+-\d+$/.test(replica)) throw new Error(`Cannot read the bucket "${id}" as it names no replica`);
  return [replica, id.slice(slash + 1)];
}
