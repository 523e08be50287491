import type { StateReader } from '../../runtime/index.js';
import type { Journal } from '../journal/index.js';
import { DEPLOYMENT_BOUNDS } from './limits.js';

/** Removes all that is in a bucket, some keys at a time, between what else is written. @returns how many keys it had. */
export async function emptyBucket(
  bucket: string,
  { reader, journal }: { readonly reader: StateReader; readonly journal: Pick<Journal, 'write'> },
): Promise<number> {
  let removed = 0;
  for (let keys = firstKeys(reader, bucket); keys.length > 0; keys = firstKeys(reader, bucket)) {
    const writes = keys.map((key) => ({ bucket, key, value: undefined }));
    await new Promise<void>((resolve) => journal.write([{ reads: [], writes }], () => resolve()));
    removed += keys.length;
  }
  return removed;
}

function firstKeys(reader: StateReader, bucket: string): readonly string[] {
  const snapshot = reader.snapshot();
  try {
    return snapshot.keys(bucket, undefined, DEPLOYMENT_BOUNDS.purgedKeys);
  } finally {
    snapshot.release();
  }
}
