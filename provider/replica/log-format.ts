/**
 * A replica's file: changes of state, one after the other. Threads that run
 * guests read what has been appended since they looked last, and nobody waits
 * for anybody.
 *
 *     | version: f64 | bucket bytes: u16 | key bytes: u16 | value bytes: i32 | bucket | key | value |
 *
 * Numbers are little-endian; value bytes are -1 for a key that is gone. Where
 * key bytes are 65535 there is no key, and the version is that of the bucket's
 * set of keys. A file
 * is never changed but at its end. Threads see whole entries only: each is
 * written by one call, before the run that needs it is handed to a thread.
 */
import type { Listed } from '../../runtime/index.js';
import type { StateEntry } from '../protocol/index.js';

export const ENTRY_HEAD_BYTES = 16;
const GONE = -1;
const NO_KEY = 0xffff;

export interface EntryHead {
  readonly version: number;
  readonly bucketBytes: number;
  /** Undefined where the version is that of the set of keys. */
  readonly keyBytes: number | undefined;
  /** Undefined for a key that is gone. */
  readonly valueBytes: number | undefined;
}

export function encodeEntry({ bucket, key, version, value }: StateEntry): Uint8Array {
  const [bucketName, keyName] = [Buffer.from(bucket), Buffer.from(key)];
  const lengths = { bucket: bucketName.length, key: keyName.length, value: value?.length ?? GONE };
  return Buffer.concat([encodeHead(version, lengths), bucketName, keyName, value ?? new Uint8Array()]);
}

/** The version of a bucket's set of keys. */
export function encodeSet({ bucket, version }: Listed): Uint8Array {
  const name = Buffer.from(bucket);
  return Buffer.concat([encodeHead(version, { bucket: name.length, key: NO_KEY, value: GONE }), name]);
}

function encodeHead(
  version: number,
  lengths: { readonly bucket: number; readonly key: number; readonly value: number },
): Buffer {
  const head = Buffer.alloc(ENTRY_HEAD_BYTES);
  head.writeDoubleLE(version, 0);
  head.writeUInt16LE(lengths.bucket, 8);
  head.writeUInt16LE(lengths.key, 10);
  head.writeInt32LE(lengths.value, 12);
  return head;
}

export function decodeHead(bytes: Buffer, at: number): EntryHead {
  const valueBytes = bytes.readInt32LE(at + 12);
  const keyBytes = bytes.readUInt16LE(at + 10);
  return {
    version: bytes.readDoubleLE(at),
    bucketBytes: bytes.readUInt16LE(at + 8),
    keyBytes: keyBytes === NO_KEY ? undefined : keyBytes,
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
