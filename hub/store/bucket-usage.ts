import { STORE_BOUNDS } from './limits.js';

/** How full a bucket is. */
export interface BucketUsage {
  readonly keys: number;
  /** Keys and values together. */
  readonly bytes: number;
}

/** A change to one key: bytes of its entry (key and value) before and after, undefined for "not there". */
export interface SizeChange {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

export function changedUsage(usage: BucketUsage, { before, after }: SizeChange): BucketUsage {
  return {
    keys: usage.keys + (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1),
    bytes: usage.bytes + (after ?? 0) - (before ?? 0),
  };
}

/** Why a change that leads to `after` must not be made, or undefined. What makes a bucket smaller is always allowed. */
export function usageFault(bucket: string, before: BucketUsage, after: BucketUsage): string | undefined {
  if (after.keys > before.keys && after.keys > STORE_BOUNDS.bucketKeys) {
    return `the bucket ${bucket} must have at most ${STORE_BOUNDS.bucketKeys} keys`;
  }
  if (after.bytes > before.bytes && after.bytes > STORE_BOUNDS.bucketBytes) {
    return `the bucket ${bucket} must have at most ${STORE_BOUNDS.bucketBytes} bytes: it would have ${after.bytes}`;
  }
  return undefined;
}
