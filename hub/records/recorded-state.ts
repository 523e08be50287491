/** State as a recorded run found it: a module for `RuntimeOptions.state`, which answers from the record and from nothing else. */
import type { KeyPage, Read, StateReader, StateSnapshot } from '../../runtime/index.js';

export interface RecordedState {
  readonly reads: readonly Read[];
  readonly pages: readonly KeyPage[];
}

/** @param options A `RecordedState`. */
export function openState(options: unknown): StateReader {
  if (!isRecordedState(options)) throw new TypeError('Cannot open recorded state as its options must be what was read');
  const snapshot = snapshotOf(options);
  return { snapshot: () => snapshot, close: () => undefined };
}

function snapshotOf({ reads, pages }: RecordedState): StateSnapshot {
  return {
    get: (bucket, key) => {
      const read = reads.find((one) => one.bucket === bucket && one.key === key);
      if (read?.version === 0) return undefined;
      if (read?.value === undefined)
        throw new Error(`the record does not say what "${key}" of the bucket ${bucket} was`);
      return { value: read.value, version: read.version };
    },
    keys: (bucket, after, limit) => {
      const page = pages.find((one) => one.bucket === bucket && one.after === after && one.limit === limit);
      if (page !== undefined) return page.keys;
      const which = after === undefined ? 'the first keys' : `the keys after "${after}"`;
      throw new Error(`the record does not say what ${which} of the bucket ${bucket} were`);
    },
    keysVersion: () => 0,
    release: () => undefined,
  };
}

function isRecordedState(options: unknown): options is RecordedState {
  return typeof options === 'object' && options !== null && 'reads' in options && 'pages' in options;
}
